package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/jupyter"
	"dtnotes/kernel/jupyter/supervise"
)

// kernelSession starts the evaluator of a kernel's session.
func kernelSession() (cell.Evaluator, error) { return newSession("") }

func kernelCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "kernel -f CONNECTION_FILE",
		Short: "Serve a Jupyter front end (Jupyter runs this)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if noCells != nil {
				return noCells
			}
			program, err := os.Executable()
			if err != nil {
				return err
			}
			start := func() (cell.Evaluator, error) {
				return supervise.Start(func() *exec.Cmd {
					c := exec.Command(program, "session")
					c.Stdout, c.Stderr = os.Stderr, os.Stderr
					return c
				})
			}
			// The kernel handles signals itself: an interrupt stops a cell, not the kernel.
			return jupyter.Run(context.WithoutCancel(cmd.Context()), file, start, jupyter.Options{Version: buildVersion()})
		},
	}
	cmd.Flags().StringVarP(&file, "connection-file", "f", "", "file that says where to listen and how to sign (required)")
	cmd.MarkFlagRequired("connection-file")
	return cmd
}

func sessionCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "session",
		Short:  "Run the cells of a kernel (the kernel runs this)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(*cobra.Command, []string) error { return supervise.Serve(kernelSession) },
	}
}

func installCommand() *cobra.Command {
	var o jupyter.InstallOptions
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Make the kernel known to Jupyter",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := jupyter.Install(o)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "installed the kernel in %s\n", dir)
			}
			return err
		},
	}
	locationFlags(cmd, &o)
	return cmd
}

func uninstallCommand() *cobra.Command {
	var o jupyter.InstallOptions
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Undo install",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := jupyter.Uninstall(o)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "removed the kernel from %s\n", dir)
			}
			return err
		},
	}
	locationFlags(cmd, &o)
	return cmd
}

// locationFlags are the flags that say where a kernel's specification is.
func locationFlags(cmd *cobra.Command, o *jupyter.InstallOptions) {
	f := cmd.Flags()
	f.Bool("user", true, "in the user's own Jupyter folder (the default)")
	f.StringVar(&o.Prefix, "prefix", "", "in `PREFIX`/share/jupyter")
	f.BoolVar(&o.SysPrefix, "sys-prefix", false, "in the Python environment in use")
	f.StringVar(&o.Name, "name", jupyter.DefaultName, "name of the kernel")
	cmd.MarkFlagsMutuallyExclusive("user", "prefix", "sys-prefix")
}
