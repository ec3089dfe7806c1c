"""The page of `dtnotes run --html` in headless Chromium: figures that can be touched."""

import subprocess

import nbformat
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from test_lab import CHROMIUM, DRIVER, TOUCH, browser  # noqa: F401 (a fixture)

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed")


@pytest.fixture(scope="module")
def page(program, tmp_path_factory):
    """The page of a notebook with a graph, a timeline, a flame graph and a spectrum."""
    folder = tmp_path_factory.mktemp("page")
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TOUCH)]), folder / "touch.ipynb")
    subprocess.run([program, "run", "touch.ipynb", "-o", "out.ipynb", "--html", "page.html"], cwd=folder, check=True)
    return (folder / "page.html").as_uri()


def wait(browser, what, name):
    try:
        return WebDriverWait(browser, 20, 0.1).until(lambda _: what())
    except Exception:
        raise AssertionError(f"{name}: this does not come about")


@pytest.fixture
def figure(browser, page):
    """Opens a figure of the page on its own: what a document in an object does cannot be looked into."""

    def open_(n):
        browser.get(page)
        objects = browser.find_elements(By.CSS_SELECTOR, "object[type='image/svg+xml']")
        assert len(objects) == 4
        browser.get(objects[n].get_attribute("data"))
        return lambda css: browser.find_elements(By.CSS_SELECTOR, css)

    return open_


def opacity(element):
    return float(element.value_of_css_property("opacity"))


def test_hovering_a_node_shows_its_neighbors(browser, figure):
    all_ = figure(0)
    node = {e.get_attribute("data-name"): e for e in all_(".node")}
    assert set(node) == {"constructor", "sshd", "cron"}
    assert "constructor" in node["constructor"].find_element(By.CSS_SELECTOR, "title").get_attribute("textContent")
    ActionChains(browser).move_to_element(node["constructor"]).perform()
    wait(browser, lambda: opacity(node["cron"]) < 0.5, "what is not linked steps back")
    assert opacity(node["sshd"]) == opacity(node["constructor"]) == 1


def test_a_timeline_tells_values_and_enlarges(browser, figure):
    all_ = figure(1)
    plot = all_(".strand")[0]
    ActionChains(browser).move_to_element(plot).perform()
    wait(browser, lambda: any("sshd" in e.text and "22:13:" in e.text for e in all_("foreignObject div")), "a bucket tells its time and value")
    before = plot.get_attribute("transform")
    browser.execute_script("""const svg = document.documentElement, r = svg.getBoundingClientRect();
        svg.dispatchEvent(new WheelEvent('wheel', {deltaY: -500, ctrlKey: true, bubbles: true, cancelable: true, clientX: r.x + r.width / 2, clientY: r.y + r.height / 2}))""")
    wait(browser, lambda: plot.get_attribute("transform") not in (before, None), "the time axis is enlarged")
    assert len(all_(".more")) >= 3 and all("22:1" in e.text for e in all_(".more")), "ticks of the enlarged axis"
    browser.execute_script("document.documentElement.dispatchEvent(new MouseEvent('dblclick', {bubbles: true}))")
    wait(browser, lambda: (plot.get_attribute("transform") or "matrix(1,0,0,1,0,0)").replace(" ", ",").startswith("matrix(1,"), "a double click goes back")
    assert not all_(".more")
    inside = """const b = document.querySelector('input').getBoundingClientRect(), f = document.querySelector('input').parentElement.getBoundingClientRect();
        return b.top >= f.top - 0.5 && b.bottom <= f.bottom + 0.5 && b.left >= f.left - 0.5 && b.right <= f.right + 0.5"""
    assert browser.execute_script(inside), "the box is cut off"


def test_a_flame_graph_finds_frames(browser, figure):
    all_ = figure(3)
    named = {e.get_attribute("data-name"): e for e in all_("[data-name]")}
    fill = lambda name: named[name].find_element(By.CSS_SELECTOR, "path").get_attribute("fill")
    before = {name: fill(name) for name in named}
    assert {"main", "read", "write"} <= set(named)
    inside = """const b = document.querySelector('input').getBoundingClientRect(), f = document.querySelector('foreignObject').getBoundingClientRect();
        return b.top >= f.top - 0.5 && b.bottom <= f.bottom + 0.5 && b.left >= f.left - 0.5 && b.right <= f.right + 0.5"""
    assert browser.execute_script(inside), "the box is cut off"
    ActionChains(browser).move_to_element(all_("input")[0]).click().send_keys("rea").perform()
    wait(browser, lambda: fill("read") != before["read"], "the frame that is found is colored")
    assert fill("write") == before["write"] and fill("main") == before["main"]
    ActionChains(browser).send_keys(Keys.BACKSPACE * 3).perform()
    wait(browser, lambda: fill("read") == before["read"], "an empty box clears the search")
    named["write"].click()
    wait(browser, lambda: not named["read"].is_displayed() and named["write"].is_displayed(), "a click enlarges a frame")


def test_figures_are_alive_within_the_page(browser, page):
    browser.get(page)
    graph = browser.find_elements(By.CSS_SELECTOR, "object[type='image/svg+xml']")[0]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", graph)
    wait(browser, lambda: graph.size["height"] > 50, "the figure has its size")
    # What the document within the object does shows in its picture alone; without script there is no box.
    ActionChains(browser).move_to_element_with_offset(graph, graph.size["width"] / 2 - 40, 10 - graph.size["height"] / 2).click().send_keys("cron").perform()
    typed = graph.screenshot_as_png
    ActionChains(browser).send_keys(Keys.BACKSPACE * 4).perform()
    empty = graph.screenshot_as_png
    assert typed != empty, "a word in the box of a figure changes nothing in it"
