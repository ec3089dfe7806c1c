"""Load, and clients that misbehave: the kernel lives, others are served, nothing leaks."""

import concurrent.futures
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
import zmq

from conftest import Kernel, tree, usage


def test_twenty_kernels_in_parallel():
    def one(i):
        k = Kernel()
        try:
            pids = tree(k.pid)
            return k.text(f"{i} * 2") == str(i * 2), pids
        finally:
            k.client.stop_channels()
            k.manager.shutdown_kernel()

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        results = list(pool.map(one, range(20)))
    assert all(right for right, _ in results)
    end = time.monotonic() + 10
    left = [p for _, pids in results for p in pids]
    while left and time.monotonic() < end:
        left = [p for p in left if os.path.exists(f"/proc/{p}") and "dtnotes" in open(f"/proc/{p}/cmdline").read()]
        time.sleep(0.1)
    assert not left


def test_three_clients(kernel):
    clients = [kernel.client, kernel.connect(), kernel.connect()]
    ids = [c.execute(f'import "fmt"\nfmt.Println("from {i}")', allow_stdin=False) for i, c in enumerate(clients)]
    for c in clients:
        heard, idle = {}, set()
        while not set(ids) <= idle:
            m = c.get_iopub_msg(timeout=20)
            parent = m["parent_header"].get("msg_id")
            if m["msg_type"] == "stream":
                heard[parent] = heard.get(parent, "") + m["content"]["text"]
            if m["msg_type"] == "status" and m["content"]["execution_state"] == "idle":
                idle.add(parent)
        assert [heard[i] for i in ids] == ["from 0\n", "from 1\n", "from 2\n"]
    for c, i in zip(clients, ids):
        assert c.get_shell_msg(timeout=10)["parent_header"]["msg_id"] == i
    for c in clients[1:]:
        c.stop_channels()


def test_clients_of_one_session(kernel):
    """Clients that one manager makes share the identity of their sockets."""
    clients = [kernel.manager.client() for _ in range(3)]
    for c in clients:
        c.start_channels()
        c.wait_for_ready(timeout=30)
    for round in range(3):
        for i, c in enumerate(clients):
            c.execute(f"{i} + {round}")
            while (m := c.get_shell_msg(timeout=20))["msg_type"] != "execute_reply":
                pass
            assert m["content"]["status"] == "ok"
    for c in clients:
        c.stop_channels()


def test_client_killed_in_mid_message(kernel):
    for channel in ("shell", "control", "stdin", "iopub", "hb"):
        port = getattr(kernel.manager, channel + "_port")
        code = f"""
import os, socket, struct, time
s = socket.create_connection(("127.0.0.1", {port}))
s.sendall(b"\\xff" + bytes(8) + b"\\x7f\\x03\\x00NULL" + bytes(16) + bytes(32))
body = b"\\x05READY\\x0bSocket-Type\\x00\\x00\\x00\\x06DEALER"
s.sendall(b"\\x04" + bytes([len(body)]) + body + b"\\x03" + struct.pack(">Q", 10_000_000) + b"x" * 1000)
os.kill(os.getpid(), 9)
"""
        subprocess.run([sys.executable, "-c", code])
        assert kernel.text("1 + 1") == "2"


def test_garbage_on_every_port(kernel):
    kernel.run("1 + 1")
    before = usage(kernel.pid)
    for channel in ("shell", "control", "stdin", "iopub", "hb"):
        port = getattr(kernel.manager, channel + "_port")
        greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + bytes(32)
        for raw in (b"GET / HTTP/1.1\r\n\r\n" * 10, os.urandom(100_000), bytes(100_000), greeting, greeting + os.urandom(1000),
                    greeting + b"\x06" + b"\xff" * 8, greeting + b"\x02" + b"\x7f" + b"\xff" * 7 + b"x" * 10000):
            for _ in range(5):
                s = socket.create_connection(("127.0.0.1", port))
                try:
                    s.sendall(raw)
                except OSError:
                    pass
                s.close()
        assert kernel.text("1 + 1") == "2"
    end = time.monotonic() + 15
    while time.monotonic() < end and usage(kernel.pid)["files"] > before["files"]:
        time.sleep(0.2)
    after = usage(kernel.pid)
    assert after["files"] <= before["files"]
    assert after["rss"] < before["rss"] + 30_000


def subscriber(kernel):
    sub = zmq.Context.instance().socket(zmq.SUB)
    sub.linger = 0
    sub.subscribe(b"")
    sub.connect(f"tcp://127.0.0.1:{kernel.manager.iopub_port}")
    assert sub.poll(5000)  # iopub_welcome
    sub.recv_multipart()
    return sub


def test_ten_thousand_small_outputs(kernel):
    _, output = kernel.run("for i := 0; i < 10000; i++ { display.Show(i) }", timeout=120)
    shown = [m["content"]["data"]["text/plain"] for m in output if m["msg_type"] == "display_data"]
    assert shown == [str(i) for i in range(10000)]


def test_200_mb_and_a_subscriber_that_does_not_read(kernel):
    kernel.run("1 + 1")
    time.sleep(1)  # the history is open
    before = usage(kernel.pid)
    code = f"""
import signal, time, zmq
sub = zmq.Context().socket(zmq.SUB); sub.rcvhwm = 1; sub.rcvbuf = 4096; sub.subscribe(b"")
sub.connect("tcp://127.0.0.1:{kernel.manager.iopub_port}"); sub.poll(5000); print("ready", flush=True); time.sleep(600)
"""
    stuck = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    stuck.stdout.readline()
    stuck.send_signal(signal.SIGSTOP)
    try:
        _, output = kernel.run('import ("bytes"; "os")\nos.Stdout.Write(bytes.Repeat([]byte("y"), 200_000_000))', timeout=300)
        assert sum(len(m["content"]["text"]) for m in output if m["msg_type"] == "stream") == 200_000_000
        assert kernel.text("1 + 1") == "2"
    finally:
        stuck.kill()
        stuck.wait()
    time.sleep(1)
    kernel.run('import "runtime/debug"\ndebug.FreeOSMemory()')
    after = usage(kernel.pid)
    assert after["files"] <= before["files"] + 1 and after["threads"] <= before["threads"] + 8


def test_slow_subscriber_loses_nothing(kernel):
    sub = subscriber(kernel)
    n = 3000
    mid = kernel.client.execute(f'import ("fmt"; "strings")\nfor i := 0; i < {n}; i++ {{ fmt.Println(i, strings.Repeat("z", 10000)) }}')
    time.sleep(2)
    text, idle = [], False
    while not idle:
        assert sub.poll(30000)
        frames = sub.recv_multipart()
        time.sleep(0.002)
        m = kernel.client.session.deserialize(kernel.client.session.feed_identities(frames)[1])
        if m["parent_header"].get("msg_id") != mid:
            continue
        if m["msg_type"] == "stream":
            text.append(m["content"]["text"])
        idle = m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
    sub.close()
    assert [line.split()[0] for line in "".join(text).splitlines()] == [str(i) for i in range(n)]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="there is no /proc")
def test_programs_of_cells_can_be_interrupted(kernel):
    status = kernel.text('import "os/exec"\nout, err := exec.Command("grep", "SigIgn", "/proc/self/status").Output()\nfmt.Print(string(out), err)')
    assert int(re.search(r"SigIgn:\s*([0-9a-f]+)", status)[1], 16) & 1 << signal.SIGINT - 1 == 0
