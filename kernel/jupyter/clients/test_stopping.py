"""Interrupting a cell that has started goroutines, by message and by signal: the kernel's Go tests hold
the whole product against the evaluator, this holds it against the kernel with its session."""

import os
import signal

import pytest

PRELUDE = "beats := 0\nnever := make(chan int)\nvar mu sync.Mutex\nvar wg sync.WaitGroup\nkept := 41"
STARTERS = {
    "literal": "go func() { BODY }()",
    "named": "func work(n int) { BODY }\ngo work(1)",
    "method value": "type worker struct{}\nfunc (w worker) work() { BODY }\nf := worker{}.work\ngo f()",
    "WaitGroup.Go": "wg.Go(func() { BODY })",
    "AfterFunc": "time.AfterFunc(time.Millisecond, func() { BODY })",
    "Ticker": "tick := time.NewTicker(time.Millisecond)\ngo func() { for range tick.C { BODY } }()",
    "http handler": "srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { BODY }))\n"
                    "go func() { _, _ = http.Get(srv.URL) }()",
    "errgroup": 'import "golang.org/x/sync/errgroup"\nvar group errgroup.Group\ngroup.Go(func() error { BODY; return nil })',
    "compiled": "srv := httptest.NewServer(http.NotFoundHandler())\nsrv.Config.RegisterOnShutdown(func() { BODY })\n"
                "go srv.Config.Shutdown(context.Background())",
}
BODIES = {
    "busy": "for { }",
    "sleep": "for { time.Sleep(time.Millisecond) }",
    "channel": "for { <-never }",
    "select": "for { select { case <-never: case <-time.After(time.Millisecond): } }",
    "mutex": "for { func() { mu.Lock(); defer mu.Unlock(); beats++ }() }",
    "recover": 'for { func() { defer func() { recover() }(); panic("again") }() }',
}


@pytest.mark.parametrize("how", ["message", "signal"])
def test_interrupt_with_goroutines(kernel, how):
    pid = None
    for start, code in STARTERS.items():
        for doing, body in BODIES.items():
            what = f"{start}, {doing}"
            kernel.text("%reset\n" + PRELUDE)
            session = kernel.text("os.Getpid()").strip()
            assert pid in (None, session), f"the session died before {what}"
            pid = session
            cell = kernel.client.execute(code.replace("BODY", body) + '\ntime.Sleep(30 * time.Millisecond)\nfmt.Println("going")\nfor { }')
            while True:
                m = kernel.client.get_iopub_msg(timeout=20)
                if m["parent_header"].get("msg_id") == cell and m["msg_type"] in ("stream", "error"):
                    assert m["content"].get("text") == "going\n", (what, m["content"])
                    break
            if how == "message":
                kernel.control("interrupt_request")
            else:
                os.kill(kernel.pid, signal.SIGINT)
            while True:
                reply = kernel.client.get_shell_msg(timeout=20)
                if reply["parent_header"].get("msg_id") == cell:
                    break
            assert reply["content"]["ename"] == "interrupted", (what, reply["content"])
            told = "\n".join(reply["content"]["traceback"])
            assert not any(w in told for w in ("ixgo", "goroutine ", "reflect.")), (what, told)
            assert kernel.text("mu.Lock(); mu.Unlock(); kept + 1").strip() == "42", what
            assert kernel.text("os.Getpid()").strip() == pid, f"the session died: {what}"
