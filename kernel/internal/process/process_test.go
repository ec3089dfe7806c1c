package process

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain plays the parts of the commands that the tests run.
func TestMain(m *testing.M) {
	switch os.Getenv("DTNOTES_TEST_PART") {
	case "echo": // writes to the second file what it reads from the first
		files, err := Handed(2)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		io.Copy(files[1], files[0])
		os.Exit(0)
	case "sleep":
		fmt.Println("started")
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

func TestShell(t *testing.T) {
	var out bytes.Buffer
	cmd := Shell(t.Context(), `echo "a b" && echo c`)
	cmd.Stdout = &out
	if err := Run(cmd); err != nil {
		t.Error(err)
	}
	if got := strings.ReplaceAll(strings.ReplaceAll(out.String(), `"`, ""), " \n", "\n"); strings.ReplaceAll(got, "\r", "") != "a b\nc\n" {
		t.Errorf("got %q", out.String())
	}
	if err := Run(Shell(t.Context(), "exit 3")); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v", err)
	}
}

// signaled tells when something is written for the first time.
type signaled struct {
	first chan bool
	said  bool
}

func (s *signaled) Write(b []byte) (int, error) {
	if !s.said {
		s.said = true
		close(s.first)
	}
	return len(b), nil
}

// TestEndsAll cancels a shell that waits for a program of its own, which holds the output open.
func TestEndsAll(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &signaled{first: make(chan bool)}
	cmd := Shell(ctx, os.Args[0]+" && echo never")
	cmd.Env = append(os.Environ(), "DTNOTES_TEST_PART=sleep")
	cmd.Stdout = out
	cmd.WaitDelay = 0 // wait for the program, not only for the shell
	ended := make(chan error, 1)
	go func() { ended <- Run(cmd) }()
	<-out.first
	cancel()
	if err := <-ended; err == nil {
		t.Error("no error of a command that was canceled")
	}
}

func TestHandOver(t *testing.T) {
	childIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DTNOTES_TEST_PART=echo")
	cmd.Stderr = os.Stderr
	if err := HandOver(cmd, childIn, childOut); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	childIn.Close()
	childOut.Close()
	fmt.Fprint(in, "handed over and back")
	in.Close()
	if got, err := io.ReadAll(out); err != nil || string(got) != "handed over and back" {
		t.Errorf("%q, %v", got, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestNothingHanded(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DTNOTES_TEST_PART=echo")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "no pipe was handed over") {
		t.Errorf("%s, %v", out, err)
	}
}
