//go:build linux

package native

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoExecutableMemory asks for machine code where the system refuses to make memory executable.
func TestNoExecutableMemory(t *testing.T) {
	const refused = "DTNOTES_TEST_REFUSED"
	if os.Getenv(refused) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNoExecutableMemory$")
		cmd.Env = append(os.Environ(), refused+"=1")
		out, err := cmd.CombinedOutput()
		if errors.Is(err, unix.ENOEXEC) {
			t.Skip("an emulator runs this, which the system does not start by itself")
		}
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	if err := unix.Prctl(unix.PR_SET_MDWE, unix.PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0); err != nil {
		t.Skip("the system knows no such refusal: ", err)
	}
	if MachineCode() {
		t.Error("there is machine code")
	}
	inTier(t, true)
	if got := output(t, "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tn := 0\n\tfor i := range 10_000 {\n\t\tn += i\n\t}\n\tfmt.Println(n)\n}\n"); got != "49995000\n" {
		t.Errorf("printed %q", got)
	}
}
