package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"dtnotes/analysis/behavior"
)

func compareCommand() *cobra.Command {
	var asJSON, xkcd bool
	var graph string
	cmd := &cobra.Command{
		Use:   "compare BEFORE.json AFTER.json",
		Short: "Say in what two behaviors differ beyond chance",
		Long: `Compare tells which sources and which links differ between two behaviors that dtnotes learn -o saved, and by
how much: before and after a change of the configuration, or of two hosts. At most 5 % of the differences are
expected to be chance. The status is 0 whether or not they differ.`,
		Example: `  dtnotes learn -o before.json before.txt
  dtnotes learn -o after.json after.txt
  dtnotes compare before.json after.json --graph changes.svg`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			before, err := behavior.Load(args[0])
			if err != nil {
				return err
			}
			after, err := behavior.Load(args[1])
			if err != nil {
				return err
			}
			c, err := behavior.Compare(before, after)
			if err != nil {
				return err
			}
			if graph != "" {
				d, err := c.Difference()
				if err != nil {
					return err
				}
				d.XKCD = xkcd
				if err := d.Save(graph); err != nil {
					return err
				}
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(c)
			}
			err = sayf(cmd.OutOrStdout(), "%v", c)
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print the differences as JSON")
	f.StringVar(&graph, "graph", "", "draw which links differ to `FILE`.svg or .png")
	f.BoolVar(&xkcd, "xkcd", false, "draw by hand")
	return cmd
}
