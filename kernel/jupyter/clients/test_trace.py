"""Cells that trace, in nbclient and in JupyterLab: with the real bpftrace where the kernel lets it, and with a
stand-in dtrace that replays transcripts of a real one in real time."""

import glob
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time
import urllib.parse
import base64
import zipfile

import nbclient
import nbformat
import pytest

from conftest import REPO, tree
from test_lab import Page, browser, lab, pytestmark as needs_chromium  # noqa: F401

TESTDATA = REPO / "dtracefs" / "testdata"
REPLAY = TESTDATA / "live" / "d-interrupted"


def may_trace():
    """Why the real bpftrace cannot be tried; nothing if it can."""
    if not shutil.which("bpftrace"):
        return "bpftrace is not installed"
    r = subprocess.run(["bpftrace", "-e", "BEGIN { exit(); }"], capture_output=True, text=True)
    return f"bpftrace may not trace here: {r.stderr.strip()}" if r.returncode else ""


def standin(path, pace="1"):
    """A Go cell that puts the stand-in dtrace in front of PATH."""
    env = {"REPLAY": str(path), "PACE": pace, "LIST": str(TESTDATA / "live" / "d-list")}
    lines = [f'_ = os.Setenv({json.dumps(k)}, {json.dumps(v)})' for k, v in env.items()]
    return "\n".join(lines + [f'_ = os.Setenv("PATH", {json.dumps(str(TESTDATA / "standin") + ":")} + os.Getenv("PATH"))'])


@pytest.fixture(params=["bpftrace", "dtrace"])
def tracer(request, tmp_path):
    """A Go cell to run first, and a cell that traces once a second, for as many seconds as there are."""
    if request.param == "bpftrace":
        if why := may_trace():
            pytest.skip(why)
        return "bpftrace", "", 'interval:s:1 { @["tick", comm] = count(); time("%H:%M:%S\\n"); print(@); clear(@); }\nEND { clear(@); }'
    replay = tmp_path / "replay"
    replay.write_text("".join(f"{1795376741 + s}117661993\nsyscall nginx {900 + s}\nsyscall sh {s}\n\n" for s in range(600)))
    return "dtrace", standin(replay), "syscall:::entry { @n[\"syscall\", execname] = count(); }\ntick-1s { printa(@n); trunc(@n); }"


def left_behind(pid):
    """Tracers below a process, and what is attached to the kernel anywhere."""
    tracers = []
    for p in tree(pid):
        try:
            line = pathlib.Path(f"/proc/{p}/cmdline").read_bytes().split(b"\0")
            state = pathlib.Path(f"/proc/{p}/stat").read_text().rsplit(") ", 1)[1][0]
        except OSError:
            continue
        if state != "Z" and any(os.path.basename(word) in (b"bpftrace", b"dtrace") for word in line[:2]):
            tracers.append(line)
    return tracers, attached()


def attached():
    """Programs of BPF that processes hold, and probes that tracefs lists."""
    programs = 0
    for fd in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            programs += os.readlink(fd) == "anon_inode:bpf-prog"
        except OSError:
            pass
    probes = ""
    for name in ("kprobe_events", "uprobe_events"):
        try:
            probes += pathlib.Path("/sys/kernel/tracing", name).read_text()
        except OSError:
            pass
    return programs, probes


class Counting(nbclient.NotebookClient):
    """Counts the updates of displays."""

    updates = 0

    def process_message(self, msg, cell, cell_index):
        self.updates += msg["msg_type"] == "update_display_data"
        return super().process_message(msg, cell, cell_index)


def test_nbclient_sees_updates(tracer, tmp_path):
    name, first, script = tracer
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in (
        first, f"%%{name} --for 5s --as calls -o calls.txt.zst\n{script}",
        'loaded, err := dtracefs.Load(display.Context(), os.DirFS("."), "calls.txt.zst", dtracefs.Options{})\nif err != nil { panic(err) }\nreflect.DeepEqual(calls, loaded) && calls.Lines > 4') if c])
    client = Counting(notebook, timeout=120, kernel_name="dtnotes", resources={"metadata": {"path": tmp_path}})
    client.execute()
    cell, last = notebook.cells[-2], notebook.cells[-1]
    assert client.updates >= 4
    shown = [o for o in cell.outputs if o.output_type == "display_data"]
    assert len(shown) == 1 and "image/svg+xml" in shown[0].data, cell.outputs
    assert "time is up" in shown[0].data["text/plain"]
    assert last.outputs[0].data["text/plain"] == "true", last.outputs
    assert len(json.dumps(cell)) < 300_000


def test_interrupt_leaves_nothing(tracer, kernel):
    name, first, script = tracer
    before = attached()
    if first:
        kernel.text(first)
    answer = {}
    thread = threading.Thread(target=lambda: answer.update(zip(("reply", "output"), kernel.run(f"%%{name}\n{script}"))))
    thread.start()
    end = time.monotonic() + 30
    while not left_behind(kernel.pid)[0] and time.monotonic() < end:
        time.sleep(0.1)
    assert left_behind(kernel.pid)[0], "the tracer runs"
    time.sleep(3)
    kernel.manager.interrupt_kernel()
    thread.join(30)
    assert answer["reply"]["status"] == "ok", answer["reply"]
    texts = [m["content"]["data"]["text/plain"] for m in answer["output"] if "data" in m["content"]]
    assert "interrupted" in texts[-1]
    end = time.monotonic() + 10
    while left_behind(kernel.pid) != ([], before) and time.monotonic() < end:
        time.sleep(0.1)
    assert left_behind(kernel.pid) == ([], before)
    assert "true" in kernel.text("capture.Lines > 1")


@pytest.mark.parametrize("name", [n.stem for n in sorted((TESTDATA / "live").glob("d-*.status")) if n.read_text().strip() not in ("0", "124")
                                  and not n.with_suffix(".stdout").read_text()])
def test_failures_are_told(kernel, name):
    kernel.text(standin(TESTDATA / "live" / name, "0"))
    source = TESTDATA / "live" / f"{name}.d"
    reply, output = kernel.run("%%dtrace\n" + (source.read_text() if source.exists() else "BEGIN { exit(0); }"))
    assert reply["status"] == "error" and reply["ename"] == "trace error", reply
    said = (TESTDATA / "live" / f"{name}.stderr").read_text().strip().splitlines()[-1]
    assert said.split(": ")[-1] in reply["evalue"].replace("\n", " "), reply


def printed_by_dtrace():
    """Captures of D scripts in the shapes that administrators print, as long as they lie in one plain file."""
    with zipfile.ZipFile(TESTDATA / "shapes" / "shapes.zip") as z:
        for name in z.namelist():
            if not name.startswith("d-") or not name.endswith(".meta.json"):
                continue
            meta = json.loads(z.read(name))
            if len(meta["capture"]) == 1 and not meta["capture"][0].endswith((".gz", ".xz", ".zst")):
                yield pytest.param(z.read(meta["capture"][0]), id=meta["name"])


@pytest.mark.parametrize("text", list(printed_by_dtrace()))
def test_shapes_are_traced(kernel, tmp_path, text):
    replay = tmp_path / "replay"
    replay.write_bytes(text)
    kernel.text(standin(replay, "0.005"))
    kernel.text(f'_ = os.Chdir({json.dumps(str(tmp_path))})')
    reply, output = kernel.run("%%dtrace --as calls -o calls.txt\ntick-1s { trunc(@); }")
    assert reply["status"] == "ok", reply
    shown = {m["msg_type"] for m in output}
    assert "display_data" in shown and "update_display_data" in shown, shown
    assert (tmp_path / "calls.txt").read_bytes() == text
    assert "true" in kernel.text('loaded, err := dtracefs.Load(display.Context(), os.DirFS("."), "calls.txt", dtracefs.Options{})\nerr == nil && reflect.DeepEqual(calls, loaded) && calls.Lines > 4')


PICTURE = "return Array.from(document.querySelectorAll('.jp-OutputArea-output img, .jp-OutputArea-output svg')).map(e => e.src || e.outerHTML)"


def pictures(browser):
    """The documents of the pictures that a page shows."""
    out = []
    for src in browser.execute_script(PICTURE):
        if src.startswith("data:"):
            head, data = src.split(",", 1)
            src = base64.b64decode(data).decode() if ";base64" in head else urllib.parse.unquote(data)
        out.append(src)
    return out


@needs_chromium
def test_lab_sees_updates(browser, lab, tracer):  # noqa: F811
    name, first, script = tracer
    page = Page(browser, lab, [first or "1", f"%%{name} --for 5s\n{script}", "capture.Lines > 4"])
    page.run_all()
    seen = set()
    end = time.monotonic() + 40
    while not any("time is up" in p for p in seen) and time.monotonic() < end:
        seen.update(pictures(browser))
        time.sleep(0.1)
    assert any("time is up" in p for p in seen)
    assert len(seen) >= 5, "one picture and four updates"
    page.wait(lambda: "true" in page.outputs(), "the capture is there")
    assert len([p for p in pictures(browser) if name in p]) == 1


WATCH = '''var text strings.Builder
for s := range 300 {
	fmt.Fprintf(&text, "%d000000000\\nsyscall nginx %d\\nsyscall sh %d\\n\\n", 1795376740+s, 900+s*37%50, 40+s*17%9)
}
if err := os.WriteFile("normal.txt", []byte(text.String()), 0o666); err != nil { panic(err) }
c, err := dtracefs.Load(display.Context(), os.DirFS("."), "normal.txt", dtracefs.Options{})
if err != nil { panic(err) }
series, err := analysis.FromCapture(c, analysis.SeriesOptions{})
if err != nil { panic(err) }
normal, err := behavior.Learn(display.Context(), []*analysis.Series{series}, behavior.Options{})
if err != nil { panic(err) }'''


@needs_chromium
def test_lab_stops_a_watch(browser, lab, tmp_path):  # noqa: F811
    replay = tmp_path / "replay"
    replay.write_text("".join(f"{1795376741 + s}117661993\nsyscall nginx {900 + s * 37 % 50}\nsyscall sh {40 + s * 17 % 9}\n\n" for s in range(3000)))
    page = Page(browser, lab, [standin(replay, "0.1"), WATCH, '''run, err := dtracefs.Live(display.Context(), "BEGIN {}", dtracefs.LiveOptions{Tracer: "dtrace"})
if err != nil { panic(err) }
report, err := normal.Watch(display.Context(), run.Batches(), behavior.ScoreOptions{})
if err != nil { panic(err) }
fmt.Println("judged:", len(report.Buckets) > 10)'''])
    page.run_all()
    page.wait(lambda: any("watching" in p and "bucket" in p and "watching · 0" not in p for p in pictures(browser)), "the watch shows")
    time.sleep(3)
    page.wait(lambda: page.all(".jupyter-button"), "the button shows")[0].click()
    page.wait(lambda: "judged: true" in page.outputs(), "the button stops the watch, which reports")
    assert any("stopped" in p for p in pictures(browser))
