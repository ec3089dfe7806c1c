"""Builds the command, installs the kernel in a folder of its own, and starts kernels."""

import os
import pathlib
import queue
import subprocess
import time

import pytest
from jupyter_client import BlockingKernelClient
from jupyter_client.manager import KernelManager

REPO = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session", autouse=True)
def program(tmp_path_factory):
    """The program, with its kernel installed where Jupyter looks for it in these tests alone."""
    home = tmp_path_factory.mktemp("home")
    path = os.environ.get("DTNOTES") or str(home / "dtnotes")
    if "DTNOTES" not in os.environ:
        subprocess.run(["go", "build", "-o", path, "./kernel/cmd/dtnotes"], cwd=REPO, check=True)
    subprocess.run([path, "install", "--prefix", str(home)], check=True, stdout=subprocess.DEVNULL)
    os.environ["JUPYTER_PATH"] = str(home / "share" / "jupyter")
    os.environ["JUPYTER_CONFIG_DIR"] = str(home / "config")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(home / "runtime")
    os.environ["XDG_DATA_HOME"] = str(home / "data")
    os.environ["IPYTHONDIR"] = str(home / "ipython")
    return path


class Kernel:
    """A kernel with one client."""

    def __init__(self, cwd=None, **how):
        self.manager = KernelManager(kernel_name="dtnotes", **how)
        self.manager.start_kernel(stderr=subprocess.DEVNULL, cwd=cwd)
        self.client = self.connect()

    def connect(self):
        # The manager knows whether the kernel is alive; a client alone goes by its heartbeat, and takes a
        # kernel for dead that needs more than a second to start, as on a busy machine.
        client = BlockingKernelClient(connection_file=self.manager.connection_file, parent=self.manager)
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        # It has asked once a second. The answers come in order, so none is left after this one.
        asked = client.kernel_info()
        while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != asked:
            pass
        return client

    @property
    def pid(self):
        return self.manager.provisioner.pid

    def run(self, code, timeout=60, **how):
        """Run a cell; its reply's content and its output messages."""
        output = []
        reply = self.client.execute_interactive(code, timeout=timeout, output_hook=output.append, **how)
        return reply["content"], [m for m in output if m["msg_type"] != "status"]

    def text(self, code, **how):
        """Run a cell that must succeed; what it printed and the text of its result."""
        reply, output = self.run(code, **how)
        assert reply["status"] == "ok", reply
        return "".join(m["content"].get("text", "") for m in output) + "".join(
            m["content"]["data"]["text/plain"] for m in output if "data" in m["content"])

    def control(self, msg_type, content=None, timeout=10):
        """Send a request on the control channel; its reply."""
        message = self.client.session.msg(msg_type, content or {})
        self.client.control_channel.send(message)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                reply = self.client.get_control_msg(timeout=1)
            except queue.Empty:
                continue
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply
        raise TimeoutError(msg_type)

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel():
    k = Kernel()
    yield k
    k.close()


@pytest.fixture
def make_kernel():
    made = []

    def make(**how):
        made.append(Kernel(**how))
        return made[-1]

    yield make
    for k in made:
        k.close()


def tree(pid):
    """A process and all that it started."""
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        found.append(p)
        for task in pathlib.Path(f"/proc/{p}/task").glob("*/children"):
            try:
                todo += [int(c) for c in task.read_text().split()]
            except OSError:
                pass
    return found


def usage(pid):
    """Resident memory in KiB, open files and threads of a process and all that it started."""
    total = {"rss": 0, "files": 0, "threads": 0}
    for p in tree(pid):
        try:
            status = pathlib.Path(f"/proc/{p}/status").read_text()
            total["rss"] += int(status.split("VmRSS:")[1].split()[0])
            total["threads"] += int(status.split("Threads:")[1].split()[0])
            total["files"] += len(os.listdir(f"/proc/{p}/fd"))
        except (OSError, IndexError):
            pass
    return total
