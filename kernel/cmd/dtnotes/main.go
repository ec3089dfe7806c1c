// Command dtnotes is the Go notebook for captures of DTrace and bpftrace: it executes notebooks and
// runs the same pipeline (load, learn, draw) from the shell.
//
// # How to add a subcommand
//
// It is a file with a function that returns its cobra.Command, and its call in main.go. Arguments
// that name captures are opened by the functions that the others use, so that folders, archives,
// compressed files and standard input work everywhere. What comes from a capture is printed
// through dtracefs.Printable, because names are foreign text; tests go through the output of
// every command for that. Progress and notes go to standard error, results to standard output,
// and --json prints what a program can read. Exit status 1 is an error; score and watch have
// their own, which their help lists. The README's list of commands and CHANGELOG.md get a line.
//
//	go test ./kernel/cmd/dtnotes
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	// From here on an interrupt ends the program as usual, in case what is left to do takes long.
	stop()
	var blind blindness
	switch status := exitStatus(0); {
	case err == nil:
	case errors.As(err, &blind):
		say(os.Stderr, "dtnotes:", err)
		os.Exit(blindStatus)
	case errors.As(err, &status):
		os.Exit(int(status))
	case errors.Is(err, context.Canceled):
		say(os.Stderr, "dtnotes: interrupted:", err)
		os.Exit(130)
	default:
		say(os.Stderr, "dtnotes:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "dtnotes",
		Short: "A Go notebook for exploring how systems behave",
		Long: `dtnotes loads what DTrace or bpftrace printed, learns which processes depend on which and how strongly,
and draws it: from a notebook with Go cells, or from the shell.`,
		Example: `  dtnotes inspect capture.txt                          what a capture holds
  dtnotes export capture.txt -o tables/                its tables, for other programs
  dtnotes learn capture.txt --graph graph.svg          who depends on whom, as a picture
  dtnotes learn -o normal.json capture.txt             what is normal, to score other captures by
  dtnotes record --for 5m -o capture.txt.zst           a capture to begin with: system calls, once a second
  dtnotes score normal.json other.txt                  when and where another capture breaks it
  dtnotes run notebook.ipynb --html notebook.html      execute a notebook, no Jupyter needed`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), inspectCommand(), exportCommand(), learnCommand(), exploreCommand(), seriesCommand(), countCommand(), scoreCommand(), recordCommand(), watchCommand(), acceptCommand(), suppressCommand(), mergeCommand(), compareCommand(), evalCommand(), convertCommand(), versionCommand(),
		kernelCommand(), sessionCommand(), installCommand(), uninstallCommand())
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of dtnotes, Go and the cell engine",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			engine := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, dep := range info.Deps {
					if dep.Path == "github.com/goplus/ixgo" {
						engine = ", ixgo " + dep.Version
					}
				}
			}
			sayf(cmd.OutOrStdout(), "dtnotes %s (%s %s/%s%s)\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, engine)
		},
	}
}

// release is the version that CHANGELOG.md is about to end, or has ended.
const release = "0.3.0"

// buildVersion is the release, together with what Go knows about the sources if they are not those
// of a tag.
func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return release + " " + info.Main.Version
	}
	return release
}
