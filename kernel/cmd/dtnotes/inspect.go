package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"dtnotes/dtracefs"
)

// inspectCommand is the command to call first on a capture of unknown form. Whatever it guesses, it
// says so.
func inspectCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect CAPTURE",
		Short: "Say what a capture holds",
		Long: `Inspect decodes what a tracer printed and lists its tables, and everything not to overlook: drops, errors
and lines that were not understood, and says of each table what would be learned from it, or what is
missing for that. CAPTURE is a file, compressed or not, a folder, a zip or a tar; "-" is
standard input. With --json the tables are printed whole.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			fsys, names, err := openCaptures(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			for i, name := range names {
				if asJSON {
					c, err := dtracefs.Load(cmd.Context(), fsys, name, dtracefs.Options{})
					if err != nil {
						return err
					}
					if err := inspectJSON(data(cmd.OutOrStdout(), false), c); err != nil {
						return fmt.Errorf("writing %s as JSON: %w", name, err)
					}
					continue
				}
				if i > 0 {
					say(cmd.OutOrStdout())
				}
				summary, err := dtracefs.Inspect(cmd.Context(), fsys, name)
				if err != nil {
					return err
				}
				sayf(cmd.OutOrStdout(), "%v", summary)
				if readings := summary.Readings(); len(readings) > 0 {
					say(cmd.OutOrStdout(), "\nwhat learn would take")
					for _, r := range readings {
						sayf(cmd.OutOrStdout(), "  %s\n", r)
					}
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object for each capture")
	return cmd
}

// inspectJSON writes a capture as an object, with what would be learned from its tables.
func inspectJSON(out io.Writer, c *dtracefs.Capture) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	readings, err := json.Marshal(append([]dtracefs.Reading{}, c.Readings()...))
	if err != nil {
		return err
	}
	// The object of the capture is written once and not decoded again: its last brace is replaced
	// to make room for one more member.
	b = append(append(b[:len(b)-1], `,"readings":`...), readings...)
	_, err = out.Write(append(b, "}\n"...))
	return err
}

// openCaptures opens a path and lists the captures in it.
func openCaptures(ctx context.Context, path string) (fs.FS, []string, error) {
	fsys, err := dtracefs.Open(path)
	if err != nil {
		return nil, nil, err
	}
	// What lies beside a single file, such as what its tracer said on standard error, comes with
	// it.
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		if name := filepath.Base(path); fs.ValidPath(name) {
			if _, err := fs.Stat(fsys, name); err == nil {
				return fsys, []string{name}, nil
			}
		}
	}
	names, err := dtracefs.Names(ctx, fsys)
	if err != nil {
		return nil, nil, err
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("%s: no capture in it", path)
	}
	return fsys, names, nil
}
