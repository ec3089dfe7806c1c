"""JupyterLab in headless Chromium: what a user sees and does."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import nbformat
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed")

PICTURES = '''import ("gonum.org/v1/plot"; "gonum.org/v1/plot/plotter")
draw := func(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	l, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 1}, {X: 1, Y: 3}, {X: 2, Y: 2}})
	if err != nil { panic(err) }
	p.Add(l)
	return p
}
display.Show(draw("first"))
draw("second")'''
SLIDER = '''moved := display.Show("not moved")
lag := widget.NewIntSlider("lag", widget.IntRange{Max: 60, Value: 5})
lag.OnChange(func(v int) { moved.Update(fmt.Sprint("moved to ", v)) })
lag'''
BUTTON = '''area := widget.NewOutput()
button := widget.NewButton("press me")
button.OnClick(func() { fmt.Fprintln(area, "it was pressed") })
widget.NewColumn(button, area)'''
PRINTER = '''button := widget.NewButton("press me")
button.OnClick(func() { fmt.Println("it was pressed") })
button'''
FRAME = '''import ("github.com/go-gota/gota/dataframe"; "github.com/go-gota/gota/series")
n := make([]int, 500)
dataframe.New(series.New(n, series.Int, "count"))'''
PROGRESS = '''import "time"
report := display.Progress("counting")
for i := range 13 { report(i, 12); time.Sleep(150 * time.Millisecond) }'''
LIVE = '''import "time"
live := figure.Timeline{Names: []string{"score"}, Values: [][]float64{{1}}, Times: []float64{0}}
picture := display.Show(live)
for t := 1.0; ; t++ {
	time.Sleep(100 * time.Millisecond)
	live.Times, live.Values[0] = append(live.Times, t), append(live.Values[0], t)
	picture.Update(live)
}'''
TOUCH = '''g := figure.Graph{Nodes: []figure.Node{{Name: "constructor", Activity: 3}, {Name: "sshd"}, {Name: "cron"}}, Edges: []figure.Edge{{From: 0, To: 1, Weight: 0.5, Stability: 0.9}}}
display.Display(g)
t := figure.Timeline{Names: []string{"sshd"}, Values: [][]float64{make([]float64, 60)}, Every: 1e9}
for i := range 60 { t.Times, t.Values[0][i] = append(t.Times, 1.7e9+float64(i)), float64(i) }
display.Display(t)
display.Display(figure.Spectrum{Names: [2]string{"cron", "sshd"}, Frequencies: []float64{0.1, 0.2, 0.4}, Density: [2][]float64{{1, 2, 3}, {3, 2, 1}}, Coherence: []float64{0.1, 0.9, 0.2}})
display.Display(figure.Flame{Stacks: []figure.Stack{{Frames: []string{"main", "read"}, Count: 3}, {Frames: []string{"main", "write"}, Count: 1}}})'''
SCRIPT = 'display.HTML(`<b id="safe">safe</b><script>document.title = "unsafe"</script><img src="x" onerror="document.title = \\"unsafe\\"">`)'


@pytest.fixture(scope="module")
def lab(program, tmp_path_factory):
    """A JupyterLab server; the URL that opens a file, and its folder."""
    root = tmp_path_factory.mktemp("lab")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    log = open(root / "server.log", "w")
    server = subprocess.Popen([sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser", f"--port={port}",
                               "--JupyterNotebookApp.expose_app_in_browser=True",
                               "--ServerApp.port_retries=0", "--IdentityProvider.token=t", f"--ServerApp.root_dir={root}",
                               "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"],
                              stdout=log, stderr=log, cwd=root)
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token=t", timeout=2).read()
            break
        except OSError:
            assert server.poll() is None and time.monotonic() < end, (root / "server.log").read_text()
            time.sleep(0.3)
    yield lambda name: f"http://127.0.0.1:{port}/lab/tree/{name}?token=t&reset", root
    server.terminate()
    server.wait(timeout=20)


def in_notebook(lab):
    """The same server's Notebook 7."""
    url, root = lab
    return lambda name: url(name).replace("/lab/tree/", "/notebooks/").removesuffix("&reset"), root


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
                 "disable-component-update", "disable-sync", "window-size=1400,1600", f"user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument("--" + flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


class Page:
    """A notebook open in JupyterLab."""

    def __init__(self, browser, lab, cells):
        self.browser = browser
        url, root = lab
        self.name = f"n{time.monotonic_ns()}.ipynb"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {"name": "dtnotes", "display_name": "Go (dtnotes)", "language": "go"}
        nbformat.write(notebook, root / self.name)
        browser.get(url(self.name))
        self.wait(lambda: self.all(".jp-Notebook .jp-CodeCell"), "the notebook opens")
        self.wait(lambda: self.status() == "idle", "the kernel is ready")

    def all(self, css):
        return self.browser.find_elements(By.CSS_SELECTOR, css)

    def wait(self, what, name, timeout=60):
        try:
            return WebDriverWait(self.browser, timeout, 0.1).until(lambda _: what())
        except Exception:
            self.browser.save_screenshot(os.path.join(os.environ.get("SCREENSHOTS", tempfile.gettempdir()), "lab-failure.png"))
            raise AssertionError(f"{name}: this does not come about; the page says {self.outputs()!r}")

    def command(self, name, args="{}"):
        self.browser.execute_script(f"window.jupyterapp.commands.execute({name!r}, {args})")

    def status(self):
        return self.browser.execute_script(
            "const p = window.jupyterapp.shell.currentWidget; const k = p && p.sessionContext && p.sessionContext.session && p.sessionContext.session.kernel; return k ? k.status : null")

    def outputs(self):
        return "\n".join(e.text for e in self.all(".jp-OutputArea-output"))

    def run_all(self):
        self.command("notebook:run-all-cells")

    def done(self):
        """Every cell has a number."""
        prompts = [e.text for e in self.all(".jp-CodeCell .jp-InputArea-prompt")]
        return prompts and all(re.fullmatch(r"\[\d+\]:", p) for p in prompts)


def test_pictures_inline(browser, lab):
    page = Page(browser, lab, [PICTURES])
    page.run_all()
    page.wait(lambda: len(page.all(".jp-OutputArea-output img")) == 2, "two pictures show")
    sizes = browser.execute_script("return Array.from(document.querySelectorAll('.jp-OutputArea-output img')).map(i => [i.complete, i.naturalWidth, i.clientWidth])")
    assert all(complete and natural > 100 and shown > 100 for complete, natural, shown in sizes), sizes
    page.command("docmanager:save")


def test_go_is_highlighted(browser, lab):
    page = Page(browser, lab, ["func f(x int) string { return \"s\" } // comment"])
    page.wait(lambda: len(set(s.value_of_css_property("color") for s in page.all(".jp-CodeCell .cm-line span"))) >= 3, "keywords, strings and comments differ")


def test_aborted_cells_have_no_number(browser, lab):
    # JupyterLab sends the cells one after the other, on a busy machine over longer than a cell takes to fail at once.
    page = Page(browser, lab, ["1 + 1", 'time.Sleep(2 * time.Second)\npanic("no")', "2 + 2", "3 + 3"])
    page.run_all()
    page.wait(lambda: "panic" in page.outputs(), "the second cell fails")
    page.wait(lambda: page.status() == "idle", "the kernel is idle")
    page.wait(lambda: [e.text for e in page.all(".jp-CodeCell .jp-InputArea-prompt")] == ["[1]:", "[2]:", "[ ]:", "[ ]:"], "cells that did not run have no number")


def test_callback_prints_in_its_cell(browser, lab):
    page = Page(browser, lab, [PRINTER, "1 + 1"])
    page.run_all()
    page.wait(lambda: page.all(".jupyter-button"), "the button shows")
    page.done()
    page.all(".jupyter-button")[0].click()
    first = lambda: "".join(e.text for e in page.all(".jp-CodeCell")[0].find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output"))
    page.wait(lambda: "it was pressed" in first(), "the callback's output is in the first cell")


FAILING = ["undefined + 1", "func ) {", 'func deep(n int) int {\n\treturn 1 / n\n}\ndeep(0)', 'panic("no")', 'f, err := os.Open("none")\nf',
           "%nothing", "$ exit 3", "os.Exit(3)", "var mu sync.Mutex\nmu.Unlock()"]
CONTRAST = """const parse = c => { const n = c.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const light = c => { const f = c.slice(0, 3).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3]));
const behind = e => { if (!e) return [255, 255, 255]; const b = parse(getComputedStyle(e).backgroundColor); return b[3] === 1 ? b : over(b, behind(e.parentElement)); };
const found = [];
for (const out of document.querySelectorAll(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr'] pre")) {
  const walk = document.createTreeWalker(out, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, text = walk.currentNode.data.trim();
    if (!text) continue;
    const ground = behind(e), a = light(over(parse(getComputedStyle(e).color), ground)), b = light(ground);
    found.push([text, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
  }
}
return found;"""


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_errors_are_legible(browser, lab, theme):
    """All text of errors has the contrast that WCAG asks of text, and all begin in one style: the kind of error, bold."""
    page = Page(browser, lab, FAILING)
    page.command("apputils:change-theme", f'{{"theme": "{theme}"}}')
    try:
        errors = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr'] pre"
        for i in range(len(FAILING)):
            browser.execute_script("window.jupyterapp.shell.currentWidget.content.activeCellIndex = arguments[0]", i)
            page.command("notebook:run-cell")
            page.wait(lambda: len(page.all(errors)) == i + 1, f"cell {i + 1} fails")
        want = "dark" if "Dark" in theme else "light"
        page.wait(lambda: browser.execute_script("return document.body.dataset.jpThemeLight") == str(want == "light").lower(), "the theme is there")
        if "SCREENSHOTS" in os.environ:
            browser.save_screenshot(os.path.join(os.environ["SCREENSHOTS"], f"errors-{want}.png"))
        faint = [(text, round(contrast, 1)) for text, contrast in browser.execute_script(CONTRAST) if contrast < 4.5]
        assert not faint
        first = [e.find_elements(By.CSS_SELECTOR, ".ansi-bold") for e in page.all(errors)]
        assert all(first), "every error begins with its kind"
        kinds = [b[0].text.rstrip(":") for b in first]
        assert kinds == ["compile error", "compile error", "panic", "panic", "error", "unknown command", "exit", "exit", "session died"], kinds
    finally:
        page.command("apputils:change-theme", '{"theme": "JupyterLab Light"}')


def test_interrupt_and_restart(browser, lab):
    page = Page(browser, lab, ["kept := 41", "for { }", "kept + 1"])
    page.run_all()
    page.wait(lambda: page.status() == "busy" and "[*]:" in [e.text for e in page.all(".jp-InputArea-prompt")], "a cell runs")
    time.sleep(0.5)
    page.command("notebook:interrupt-kernel")
    page.wait(lambda: "interrupted" in page.outputs(), "the cell is interrupted")
    page.wait(lambda: page.status() == "idle", "the kernel is idle")
    page.browser.execute_script("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2")
    page.command("notebook:run-cell")
    page.wait(lambda: "42" in page.outputs(), "the variable is kept")
    page.browser.execute_script("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    page.wait(lambda: page.status() == "idle", "the kernel is restarted")
    page.command("notebook:clear-all-cell-outputs")
    page.command("notebook:run-cell")
    page.wait(lambda: "undefined: kept" in page.outputs(), "the variable is gone")


def test_tab_completes(browser, lab):
    page = Page(browser, lab, [""])
    line = page.all(".jp-CodeCell .cm-content")[0]
    line.click()
    line.send_keys("strings.ToUpp")
    line.send_keys(Keys.TAB)
    page.wait(lambda: "ToUpper" in line.text or any("ToUpper" in e.text for e in page.all(".jp-Completer")), "Tab completes")


def test_slider_calls_go(browser, lab):
    page = Page(browser, lab, [SLIDER])
    page.run_all()
    handle = page.wait(lambda: page.all(".widget-slider .noUi-handle"), "the slider shows")[0]
    assert "not moved" in page.outputs()
    ActionChains(browser).drag_and_drop_by_offset(handle, 60, 0).perform()
    page.wait(lambda: re.search(r"moved to \d+", page.outputs()), "dragging calls the callback")
    shown = int(page.all(".widget-readout")[0].text)
    page.wait(lambda: f"moved to {shown}" in page.outputs(), "the last value arrives")
    assert shown > 5


def test_button_and_output_area(browser, lab):
    page = Page(browser, lab, [BUTTON])
    page.run_all()
    button = page.wait(lambda: page.all("button.widget-button"), "the button shows")[0]
    button.click()
    page.wait(lambda: "it was pressed" in page.outputs(), "pressing calls the callback")


def test_frame_and_progress(browser, lab):
    page = Page(browser, lab, [FRAME, PROGRESS])
    page.run_all()
    page.wait(lambda: "480 rows hidden" in page.outputs(), "the frame shows")
    aligned = browser.execute_script("return getComputedStyle(document.querySelector('.jp-OutputArea-output tbody td')).textAlign")
    assert aligned == "right"
    page.wait(lambda: "12 in " in page.outputs(), "the progress bar ends")
    assert len(page.all(".jp-OutputArea-output progress")) == 1


def test_picture_is_live(browser, lab):
    page = Page(browser, lab, [LIVE])
    page.run_all()
    source = lambda: browser.execute_script("return document.querySelector('.jp-OutputArea-output img, .jp-OutputArea-output svg')?.outerHTML")
    seen = {page.wait(source, "the picture shows")}
    page.wait(lambda: seen.add(source()) or len(seen) > 4, "the picture changes")
    page.command("notebook:interrupt-kernel")
    page.wait(lambda: "interrupted" in page.outputs(), "the cell is interrupted")
    assert len(page.all(".jp-OutputArea-output img, .jp-OutputArea-output svg")) == 1


@pytest.mark.parametrize("client", ["lab", "notebook"])
@pytest.mark.parametrize("trusted", [True, False])
def test_figures_can_be_touched(browser, lab, trusted, client):
    if client == "notebook":
        lab = in_notebook(lab)
    page = Page(browser, lab, [TOUCH])
    page.run_all()
    page.wait(lambda: len(page.all(".vega-embed svg")) == 4, "the figures show")
    if not trusted:
        page.command("docmanager:save")
        time.sleep(1)
        url, root = lab
        notebook = nbformat.read(root / page.name, 4)
        notebook.cells[0].source += " // changed by somebody else"
        nbformat.write(notebook, root / f"copy-{page.name}")
        browser.get(url(f"copy-{page.name}"))
        page.wait(lambda: len(page.all(".vega-embed svg")) == 4, "the figures show untrusted")
    assert not page.all(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")
    graph, timeline, spectrum, flame = page.all(".vega-embed")
    tip = lambda: browser.execute_script("return document.querySelector('#vg-tooltip-element.visible')?.innerText || ''")

    def hover(element):
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        ActionChains(browser).move_to_element(element).perform()

    nodes = graph.find_elements(By.CSS_SELECTOR, ".mark-symbol path")
    hover(nodes[0])
    page.wait(lambda: "constructor" in tip(), "a node tells its name")
    page.wait(lambda: float(nodes[2].get_attribute("opacity")) < 0.5 <= float(nodes[1].get_attribute("opacity")), "its neighbors stand out")
    bars = [b for b in timeline.find_elements(By.CSS_SELECTOR, ".mark-rect.bar path")]
    hover(bars[40])
    page.wait(lambda: "22:14:00" in tip() and "40" in tip(), "a bucket tells its time and value")
    hover(spectrum.find_elements(By.CSS_SELECTOR, ".mark-rect.bar path")[1])
    page.wait(lambda: "every 5 s" in tip() and "0.90" in tip(), "a frequency tells its period and coherence")
    labels = lambda: [e.get_attribute("textContent") for e in timeline.find_elements(By.CSS_SELECTOR, ".role-axis-label text")]
    before = labels()
    browser.execute_script("""const svg = arguments[0].querySelector('svg'), r = svg.getBoundingClientRect();
        svg.dispatchEvent(new WheelEvent('wheel', {deltaY: -500, ctrlKey: true, bubbles: true, cancelable: true, clientX: r.x + 300, clientY: r.y + 100}))""", timeline)
    page.wait(lambda: labels() and labels() != before, "the time axis is enlarged")
    assert all(re.match(r"22:1\d", l) for l in labels() if ":" in l), labels()
    frames = lambda: flame.find_elements(By.CSS_SELECTOR, ".mark-rect.frame path")
    fills = [f.get_attribute("fill") for f in frames()]
    browser.execute_script("""const box = arguments[0].querySelector('input'); box.value = 'rea'; box.dispatchEvent(new Event('input'))""", flame)
    page.wait(lambda: sum(a != f.get_attribute("fill") for a, f in zip(fills, frames())) == 1, "a frame is found")


def test_scripts_of_untrusted_html_do_not_run(browser, lab):
    page = Page(browser, lab, [SCRIPT])
    page.run_all()
    page.wait(lambda: "safe" in page.outputs(), "the HTML shows")
    page.command("docmanager:save")
    time.sleep(1)
    url, root = lab
    notebook = nbformat.read(root / page.name, 4)
    notebook.metadata.pop("signature", None)
    other = f"copy-{page.name}"
    notebook.cells[0].source += " // changed by somebody else"
    nbformat.write(notebook, root / other)
    browser.get(url(other))
    page.wait(lambda: page.all(".jp-OutputArea-output"), "the notebook opens")
    time.sleep(1)
    assert browser.title != "unsafe"


FIGURES = pathlib.Path(__file__).resolve().parents[3] / "analysis" / "figure"


@pytest.mark.parametrize("trusted", [False, True], ids=["untrusted", "trusted"])
def test_every_figure_shows(browser, lab, program, trusted):
    url, root = lab
    code = re.sub(r"^package \w+$", "", (FIGURES / "example_test.go").read_text(), flags=re.M)
    shown = re.findall(r"^func Example\w+\(\) {\n((?:\t.*\n)*)\tsave\((.*), \"\w+\.png\"\)$", code, flags=re.M)
    assert len(shown) >= 14
    cells = [re.sub(r"^func Example\w+\(\) {\n(\t.*\n)*}\n", "", code, flags=re.M)]
    cells += [before + figure for before, figure in shown]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    shutil.copytree(FIGURES / "testdata", root / "testdata", dirs_exist_ok=True)
    name = f"figures-{trusted}.ipynb"
    nbformat.write(notebook, root / name)
    subprocess.run([program, "run", root / name, "-o", root / name], check=True, stdout=subprocess.DEVNULL)
    if trusted:
        subprocess.run([sys.executable, "-m", "jupyter", "trust", root / name], check=True)
    browser.get(url(name))
    pictures = ".jp-OutputArea-output img, .jp-OutputArea-output svg"
    seen = 'return Array.from(document.querySelectorAll(arguments[0])).map(e => [e.naturalWidth ?? e.clientWidth, e.clientWidth])'
    page = Page.__new__(Page)
    page.browser = browser
    page.wait(lambda: len(page.all(pictures)) == len(shown), "every figure shows")
    sizes = browser.execute_script(seen, pictures)
    assert all(natural > 100 and width > 100 for natural, width in sizes), sizes


NOTEBOOKS = sorted((pathlib.Path(__file__).resolve().parents[3] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_our_notebooks_in_lab(browser, lab, path):
    cells = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
    url, root = lab
    shutil.copytree(path.parent, root, ignore=shutil.ignore_patterns("*.ipynb"), dirs_exist_ok=True)
    page = Page(browser, lab, cells)
    page.run_all()
    page.wait(page.done, "every cell ends", timeout=180)
    assert not page.all(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr'] .ansi-bold"), page.outputs()
