"""The messages of this kernel beside those of ipykernel, in the same situations: what is told on which
channel, in which order, with which state, status and number. What may differ is said where it is left out."""

import datetime
import queue
import subprocess
import time

import pytest
from jupyter_client.manager import KernelManager

# What the same cell is in both languages.
CELLS = {
    "dtnotes": {"value": "6 * 7", "print": 'fmt.Println("said")', "fail": 'panic("no")', "loop": "for { }", "sleep": "time.Sleep(time.Hour)",
                "wait": "select {}", "set": "kept := 41", "kept": "kept + 1", "slower": "time.Sleep(2 * time.Second)",
                "slow fail": 'time.Sleep(300 * time.Millisecond); panic("no")', "widget": 'widget.NewIntSlider("n", widget.IntRange{Max: 9})'},
    "python3": {"value": "6 * 7", "print": 'print("said")', "fail": "raise Exception('no')", "loop": "while True: pass",
                "sleep": "import time; time.sleep(3600)", "wait": "import threading; threading.Event().wait()", "set": "kept = 41",
                "kept": "kept + 1", "slower": "import time; time.sleep(2)", "slow fail": "import time; time.sleep(0.3); raise Exception('no')",
                "widget": "import ipywidgets; ipywidgets.IntSlider(max=9)"},
}


class Tracer:
    """A kernel and everything that it says."""

    def __init__(self, name, skew=0):
        self.cells = CELLS[name]
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(stderr=subprocess.DEVNULL)
        self.client = self.manager.blocking_client()
        header = self.client.session.msg_header
        self.client.session.msg_header = lambda msg_type: (h := header(msg_type)) | {"date": h["date"] + datetime.timedelta(seconds=skew)}
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.asked = {}  # message -> what the test calls it
        self.heard = {}  # what the test calls it -> what came
        self.answered = []  # what the test calls it, in the order of replies

    def ask(self, name, msg_type, content, channel="shell", **header):
        message = self.client.session.msg(msg_type, content)
        message["header"].update(header)
        self.asked[message["header"]["msg_id"]] = name
        self.heard[name] = []
        getattr(self.client, channel + "_channel").send(message)
        return message

    def run(self, name, cell, **how):
        content = {"code": self.cells.get(cell, cell), "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
        return self.ask(name, "execute_request", content, **how)

    def listen(self, *names, until=("reply", "idle"), timeout=60):
        """Hear until all that is named has what it waits for."""
        end = time.monotonic() + timeout
        while not all(any(u in m for m in self.heard[n]) for n in names for u in until):
            assert time.monotonic() < end, (names, self.heard)
            for channel in ("iopub", "shell", "control"):
                try:
                    m = getattr(self.client, f"get_{channel}_msg")(timeout=0.02)
                except queue.Empty:
                    continue
                name = self.asked.get(m["parent_header"].get("msg_id"))
                if name is not None:
                    self.heard[name].append(describe(channel, m))
                    if channel != "iopub":
                        self.answered.append(name)
        return [self.heard[n] for n in names]

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def describe(channel, m):
    """A message in a line, without what is the language's own, such as the name of an error."""
    content, kind = m["content"], m["msg_type"]
    if kind == "status":
        return content["execution_state"]
    words = [kind.replace("execute_", "")]
    for key in ("status", "execution_count", "name", "text", "target_name"):
        if isinstance(content.get(key), (str, int)):
            words.append(f"{key}={content[key]}".strip())
    if kind in ("execute_result", "display_data"):
        words.append("+".join(sorted(k for k in content["data"] if k in ("text/plain", "application/vnd.jupyter.widget-view+json"))))
    return " ".join(words)


def ordered(trace):
    """A trace with what shell and control say moved behind: the order of channels among each other is not told."""
    return [m for m in trace if "reply" not in m] + [m for m in trace if "reply" in m]


def both(scenario, skew=0):
    """Play a scenario with each kernel and a client whose clock is off by skew seconds; what each said."""
    told = {}
    for name in CELLS:
        tracer = Tracer(name, skew)
        try:
            told[name] = [ordered(t) for t in scenario(tracer)]
        finally:
            tracer.close()
    return told["dtnotes"], told["python3"]


def test_plain_cells():
    def scenario(t):
        out = []
        for cell in ("value", "print", "fail", "value"):
            t.run(cell, cell)
            out += t.listen(cell)
        return out

    ours, theirs = both(scenario)
    assert ours == theirs


@pytest.mark.parametrize("first", ["slow fail", "fail"])
def test_failing_cell_in_a_queue(first):
    """Cells behind one that fails are aborted, without a number; the next one gets the number after it."""
    def scenario(t):
        t.run("before", "slower")  # while it runs all that is behind it arrives
        t.run("failing", first)
        t.run("queued", "value")
        t.run("queued too", "print")
        told = t.listen("before", "failing", "queued", "queued too")[1:]
        t.run("later", "value")
        return told + t.listen("later")

    ours, theirs = both(scenario)
    assert ours == theirs
    assert ours[1][-1] == "reply status=aborted"
    assert "execution_count=3" in ours[3][-1]


@pytest.mark.parametrize("skew", [-3600, -5, 5, 3600])
def test_skewed_clocks(skew):
    """A client whose clock is wrong: what it queued is aborted, what it sends after the failure runs."""
    def scenario(t):
        t.run("before", "value")
        t.listen("before")
        t.run("failing", "slow fail")
        t.run("queued", "value")
        told = t.listen("failing", "queued")
        t.run("later", "value")
        return told + t.listen("later")

    ours, theirs = both(scenario, skew)
    assert ours == theirs
    assert "status=ok" in ours[2][-1]


@pytest.mark.parametrize("doing", ["loop", "sleep", "wait"])
def test_interrupt_while_busy(doing):
    def scenario(t):
        t.run("set", "set")
        t.listen("set")
        t.run("doing", doing)
        t.listen("doing", until=("busy",))
        time.sleep(0.5)
        t.ask("interrupt", "interrupt_request", {}, channel="control")
        told = t.listen("interrupt", "doing")
        t.run("after", "kept")
        return told + t.listen("after")

    ours, theirs = both(scenario)
    assert ours[1:] == theirs[1:]
    assert ours[0][-1] == theirs[0][-1] == "interrupt_reply status=ok"


def test_interrupt_while_idle():
    """Nothing is said but the answer, and the next cell runs."""
    def scenario(t):
        t.run("set", "set")
        t.listen("set")
        t.ask("interrupt", "interrupt_request", {}, channel="control")
        told = t.listen("interrupt", until=("reply",))
        time.sleep(0.3)
        t.run("after", "kept")
        return [told[0][-1:]] + t.listen("after")

    ours, theirs = both(scenario)
    assert ours == theirs


def test_interrupt_with_a_queue():
    """What waits behind an interrupted cell is aborted, as behind one that fails."""
    def scenario(t):
        t.run("set", "set")
        t.listen("set")
        t.run("doing", "loop")
        t.run("queued", "value")
        t.listen("doing", until=("busy",))
        time.sleep(0.5)
        t.ask("interrupt", "interrupt_request", {}, channel="control")
        told = t.listen("doing", "queued")
        t.run("after", "kept")
        return told + t.listen("after")

    ours, theirs = both(scenario)
    assert ours == theirs
    assert ours[1][-1] == "reply status=aborted"


def test_subshells():
    """A subshell answers while the main shell is busy, and so does a second one while the first is."""
    def scenario(t):
        made = []
        for name in ("one", "two"):
            m = t.ask(name, "create_subshell_request", {}, channel="control")
            while True:
                reply = t.client.get_control_msg(timeout=20)
                if reply["parent_header"].get("msg_id") == m["header"]["msg_id"]:
                    break
            assert reply["content"]["status"] == "ok"
            made.append(reply["content"]["subshell_id"])
        t.run("main", "slower")
        t.listen("main", until=("busy",))
        t.run("first", "slower", subshell_id=made[0])
        t.run("second", "value", subshell_id=made[1])
        t.listen("main", "first", "second")
        # The numbers of cells that run side by side depend on which began first.
        strip = lambda trace: [" ".join(w for w in m.split() if not w.startswith("execution_count")) for m in trace]
        return [strip(t.heard[n]) for n in ("main", "first", "second")] + [t.answered[:1]]

    ours, theirs = both(scenario)
    assert ours == theirs
    assert ours[3] == ["second"]


def test_comms():
    """A widget opens its comms and shows a view; what nobody knows is closed; the list of comms tells its target."""
    def scenario(t):
        t.run("widget", "widget")
        told = t.listen("widget")
        opened = [m for m in told[0] if "comm_open" in m]
        t.ask("open", "comm_open", {"comm_id": "x1", "target_name": "nobody", "data": {}})
        told = [["comms open" if opened else "no comm"], [m for m in told[0] if "comm" not in m]]
        told += t.listen("open", until=("idle",))
        t.ask("info", "comm_info_request", {"target_name": "jupyter.widget"})
        return told + t.listen("info")

    ours, theirs = both(scenario)
    # ipykernel says on stderr, or in its log, that the target is not known; both close the comm.
    close = lambda trace: [m for m in trace if not m.startswith("stream")]
    assert ours[:2] == theirs[:2]
    assert close(ours[2]) == close(theirs[2])
    assert ours[3] == theirs[3]
