package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/jupyter"
)

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
			// What the session writes outside of its cells goes to standard error, where Jupyter
			// logs it.
			start := func() (cell.Evaluator, error) { return startSession(sessionOptions{log: os.Stderr, comms: true}) }
			// The kernel handles signals itself: an interrupt stops a cell, not the kernel.
			return jupyter.Run(context.WithoutCancel(cmd.Context()), file, start, jupyter.Options{Version: buildVersion()})
		},
	}
	cmd.Flags().StringVarP(&file, "connection-file", "f", "", "file that says where to listen and how to sign (required)")
	cmd.MarkFlagRequired("connection-file")
	return cmd
}

// installCommand writes the specification by which Jupyter finds the kernel; uninstall takes the
// same flags and removes it.
func installCommand() *cobra.Command {
	var o jupyter.InstallOptions
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Make the kernel known to Jupyter",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := jupyter.Install(o)
			if err == nil {
				sayf(cmd.OutOrStdout(), "installed the kernel in %s\n", dir)
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
				sayf(cmd.OutOrStdout(), "removed the kernel from %s\n", dir)
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
