"""What clients see of the protocol."""

import os
import signal
import stat
import subprocess
import time

import pytest
from jupyter_client.manager import KernelManager

LOOP = "for { }"


def test_values_and_output(kernel):
    assert kernel.text('import "fmt"\nfmt.Println("héllo, 世界 🎉")\n6 * 7') == "héllo, 世界 🎉\n42"


def test_update_display(kernel):
    _, output = kernel.run('h := display.Show("one")\nh.Update("two")')
    shown, updated = [m for m in output if "display" in m["msg_type"]]
    assert shown["msg_type"] == "display_data" and updated["msg_type"] == "update_display_data"
    assert shown["content"]["transient"]["display_id"] == updated["content"]["transient"]["display_id"]
    assert updated["content"]["data"]["text/plain"] == "two"


def test_stdin(kernel):
    asked = []

    def answer(message):
        asked.append(message["content"])
        kernel.client.input("Ada Lovelace")

    code = 'import ("bufio"; "fmt"; "os")\nline, _ := bufio.NewReader(os.Stdin).ReadString(\'\\n\')\nline'
    assert kernel.text(code, stdin_hook=answer) == "Ada Lovelace\n"
    assert len(asked) == 1
    reply, output = kernel.run('import "fmt"\nvar s string\nn, err := fmt.Scanln(&s)\nerr != nil', allow_stdin=False)
    assert not [m for m in output if m["msg_type"] == "input_request"]


def test_password(kernel):
    asked = []

    def answer(message):
        asked.append(message["content"])
        kernel.client.input("secret")

    assert kernel.text('secret, err := display.Password("password: ")\nif err != nil { panic(err) }\nlen(secret)', stdin_hook=answer) == "6"
    assert asked == [{"prompt": "password: ", "password": True}]
    reply, _ = kernel.run('if _, err := display.Ask("name: "); err != nil { panic(err) }', allow_stdin=False)
    assert reply["status"] == "error" and "nobody can be asked" in reply["evalue"]


@pytest.mark.parametrize("how", ["message", "signal"])
def test_interrupt(kernel, how):
    kernel.run("kept := 41")
    mid = kernel.client.execute(LOOP)
    time.sleep(0.5)
    start = time.monotonic()
    if how == "message":
        assert kernel.control("interrupt_request")["content"]["status"] == "ok"
    else:
        os.kill(kernel.pid, signal.SIGINT)
    while True:
        reply = kernel.client.get_shell_msg(timeout=10)
        if reply["parent_header"].get("msg_id") == mid:
            break
    assert reply["content"]["status"] == "error"
    assert time.monotonic() - start < 5  # a hang, not a speed: tools measure that
    assert kernel.text("kept + 1") == "42"


def test_death_of_the_session(kernel):
    kernel.run("kept := 1")
    reply, _ = kernel.run("m := map[int]int{}\nfor i := 0; i < 4; i++ { go func() { for { m[1]++ } }() }\nselect {}")
    assert reply["ename"] == "session died"
    why = reply["evalue"].split("died: ")[1].splitlines()[0]  # "fatal error: concurrent map writes", if Go noticed in time
    reply, output = kernel.run("1 + 1")
    assert reply["status"] == "ok"
    assert why in "".join(m["content"].get("text", "") for m in output)
    assert kernel.run("kept")[0]["ename"] == "compile error"


def test_subshell_while_busy(kernel):
    subshell = kernel.control("create_subshell_request")["content"]["subshell_id"]
    assert kernel.control("list_subshell_request")["content"]["subshell_id"] == [subshell]
    kernel.client.execute(LOOP)
    time.sleep(0.2)
    message = kernel.client.session.msg("is_complete_request", {"code": "if true {"})
    message["header"]["subshell_id"] = subshell
    kernel.client.shell_channel.send(message)
    reply = kernel.client.get_shell_msg(timeout=10)
    assert reply["msg_type"] == "is_complete_reply" and reply["content"]["status"] == "incomplete"
    kernel.control("interrupt_request")
    assert kernel.control("delete_subshell_request", {"subshell_id": subshell})["content"]["status"] == "ok"


def test_history_is_kept(make_kernel):
    first = make_kernel()
    first.run('"a cell of yesterday"')
    first.manager.shutdown_kernel()
    second = make_kernel()
    mid = second.client.history(raw=True, output=True, hist_access_type="search", pattern="*of yesterday*", n=1)
    while True:
        reply = second.client.get_shell_msg(timeout=10)
        if reply["parent_header"].get("msg_id") == mid:
            break
    (_, line, (source, output)), = reply["content"]["history"]
    assert (line, source, output) == (1, '"a cell of yesterday"', "a cell of yesterday")
    folder = os.path.join(os.environ["XDG_DATA_HOME"], "dtnotes", "history")
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in os.scandir(folder))


def test_ipc(make_kernel, tmp_path):
    kernel = make_kernel(transport="ipc", ip=str(tmp_path / "k"))
    assert kernel.text("1 + 1") == "2"
    sockets = [p for p in tmp_path.iterdir() if stat.S_ISSOCK(p.stat().st_mode)]
    assert len(sockets) == 5 and all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in sockets)


def test_only_the_given_address_is_bound(kernel):
    ports = {getattr(kernel.manager, f"{c}_port") for c in ("shell", "iopub", "stdin", "control", "hb")}
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in open(table).readlines()[1:]:
            address, port = line.split()[1].rsplit(":", 1)
            if line.split()[3] == "0A" and int(port, 16) in ports:
                listening.add(address)
    assert listening == {"0100007F"}


def test_shutdown_and_restart(kernel):
    kernel.run("gone := 1")
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=30)
    assert kernel.run("gone")[0]["status"] == "error"
    process = kernel.manager.provisioner.process
    assert kernel.control("shutdown_request", {"restart": False})["content"] == {"status": "ok", "restart": False}
    assert process.wait(timeout=10) == 0


def test_encryption_is_refused(tmp_path):
    """A front end that wants its connection encrypted gets no kernel, and is told why; it is not served in the clear."""
    errors = tmp_path / "errors"
    with open(errors, "w") as log:
        manager = KernelManager(kernel_name="dtnotes", transport_encryption="required")
        try:
            manager.start_kernel(stderr=log)
            assert manager.provisioner.process.wait(timeout=20) == 1
        except RuntimeError as refusal:  # jupyter_client looks at what a kernel says that it can
            assert "encrypt" in str(refusal).lower(), refusal
            return
        finally:
            manager.cleanup_resources()
    assert "does not serve in the clear what is to be encrypted" in errors.read_text()


def test_modules_outlive_a_restart(make_kernel, tmp_path, monkeypatch):
    """A package that has to be compiled in: the session goes on in a program that has it, built once."""
    monkeypatch.setenv("GOCACHE", subprocess.run(["go", "env", "GOCACHE"], capture_output=True, text=True, check=True).stdout.strip())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    own = tmp_path / "own"
    (own / "size").mkdir(parents=True)
    (own / "go.mod").write_text("module example.com/own\n\ngo 1.26\n")
    (own / "size" / "size.go").write_text('package size\n\nimport "unsafe"\n\nfunc Of(x int32) uintptr { return unsafe.Sizeof(x) }\n')
    kernel = make_kernel(cwd=str(own))
    cell = '%get example.com/own/size\nimport "example.com/own/size"\nsize.Of(1)'
    reply, output = kernel.run(cell, timeout=600)
    assert reply["status"] == "ok", reply
    shown = [m["content"]["data"]["text/plain"] for m in output if "data" in m["content"]]
    assert shown == ["4"]
    kernel.run("kept := 1")
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=30)
    reply, output = kernel.run(cell)
    assert "compiling" not in "".join(m["content"].get("text", "") for m in output)
    assert kernel.text("size.Of(2)") == "4"
    assert kernel.run("kept")[0]["status"] == "error"
