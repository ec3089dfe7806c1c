package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
)

// compareOptions are the flags of compare, both for two behaviors and for many hosts.
type compareOptions struct {
	json           bool
	look           look
	graph, picture string
	role           string
	lags           int
}

func compareCommand() *cobra.Command {
	var opt compareOptions
	cmd := &cobra.Command{
		Use:   "compare BEFORE.json AFTER.json | ALL.counts | HOST.json ...",
		Short: "Say in what two behaviors, or hosts of a role, differ beyond chance",
		Long: `Compare tells which sources and which links differ between two behaviors that dtnotes learn -o
saved, and by how much: before and after a change of the configuration, or of two hosts. At most 5 %
of the differences are expected to be chance. The status is 0 whether or not they differ.

Of more than two hosts, such as those of a counts file (dtnotes count), it tells which stand out
from the others of their role, and in what; at most 5 % of these hosts are expected to be chance.
--role finds the role in a host's name, a pattern with {role} in it, in which * stands for any part
of the name; without it, all are of one role. Of a counts file, --host takes a part of the hosts,
and --lags looks for sources of one host that follow those of another.`,
		Example: `  dtnotes learn -o before.json before.txt
  dtnotes learn -o after.json after.txt
  dtnotes compare before.json after.json --graph changes.svg
  dtnotes compare all.counts --role '{role}-*' --picture hosts.png`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return opt.run(cmd, args) },
	}
	f := cmd.Flags()
	f.BoolVar(&opt.json, "json", false, "print the differences as JSON")
	f.StringVar(&opt.graph, "graph", "", "of two, draw which links differ to `FILE`.svg or .png")
	f.StringVar(&opt.picture, "picture", "", "of many, draw hosts × sources to `FILE`.svg or .png")
	f.StringVar(&opt.role, "role", "", "`PATTERN` of the names of hosts, with {role} where the role is")
	f.String("host", "", "`NAME` of the host to take of counts of several, or a pattern such as 'web-*'")
	f.IntVar(&opt.lags, "lags", 0, "also tell which sources of a host follow those of another within so many `BUCKETS`; time grows with the square of the hosts")
	opt.look.flags(cmd)
	return cmd
}

func (opt *compareOptions) run(cmd *cobra.Command, args []string) error {
	roleOf, err := namePattern("role", opt.role)
	if err != nil {
		return err
	}
	var hosts []behavior.Host
	var series []analysis.HostSeries
	for _, path := range args {
		if !isCountsFile(path) {
			b, err := behavior.Load(path)
			if err != nil {
				return err
			}
			name := filepath.Base(path)
			hosts = append(hosts, behavior.Host{Name: strings.TrimSuffix(name, filepath.Ext(name)), Behavior: b})
			continue
		}
		quiet := *cmd
		quiet.SetErr(io.Discard) // how each was counted was told when it was
		// Who follows whom is found from all buckets, so that no number of them is set as the most
		// to read.
		var most func(int) int
		if opt.lags == 0 {
			most = valuesOfEach
		}
		err := readHosts(&quiet, path, dtracefs.CountOptions{}, true, behavior.Refuse, most, func(host string, s *analysis.Series, of int) error {
			if host == "" {
				say(cmd.ErrOrStderr(), "note:", path, "holds a host without a name: say --host or --host-from when counting")
				host = filepath.Base(path)
			}
			if opt.lags > 0 {
				series = append(series, analysis.HostSeries{Host: host, Series: s})
			}
			thinned, err := thin(&quiet, s, valuesOfEach(of))
			if err != nil {
				return err
			}
			b, err := behavior.Learn(cmd.Context(), []*analysis.Series{thinned}, behavior.Options{ByKind: kinded(s), Tags: []string{host}})
			if err != nil {
				return fmt.Errorf("%s: host %q: %w", path, host, err)
			}
			hosts = append(hosts, behavior.Host{Name: host, Behavior: b})
			return nil
		})
		if err != nil {
			return err
		}
	}
	switch {
	case len(hosts) < 2:
		return fmt.Errorf("%s: one behavior cannot be compared: say another", args[0])
	// Two hosts without a role are a before and an after, and neither of them is the odd one.
	case len(hosts) == 2 && opt.role == "":
		if opt.picture != "" || opt.lags > 0 {
			return errors.New("--picture and --lags are for more than two hosts")
		}
		return opt.two(cmd, hosts[0].Behavior, hosts[1].Behavior)
	case opt.graph != "":
		return fmt.Errorf("--graph draws the difference of two, these are %d: say --picture", len(hosts))
	}
	for i := range hosts {
		if hosts[i].Role, err = roleOf(hosts[i].Name); err != nil {
			return err
		}
	}
	if opt.role == "" {
		say(cmd.ErrOrStderr(), "note: all hosts are held against each other: --role tells roles apart")
	}
	return opt.many(cmd, hosts, series)
}

// two compares two behaviors.
func (opt *compareOptions) two(cmd *cobra.Command, before, after *behavior.Behavior) error {
	c, err := behavior.Compare(before, after)
	if err != nil {
		return err
	}
	if opt.graph != "" {
		d, err := c.Difference()
		if err != nil {
			return err
		}
		opt.look.of(&d.Style)
		if err := d.Save(opt.graph); err != nil {
			return err
		}
	}
	if opt.json {
		return json.NewEncoder(data(cmd.OutOrStdout(), false)).Encode(c)
	}
	return sayf(cmd.OutOrStdout(), "%v", c)
}

// many compares hosts with others of their role.
func (opt *compareOptions) many(cmd *cobra.Command, hosts []behavior.Host, series []analysis.HostSeries) error {
	c, err := behavior.CompareHosts(cmd.Context(), hosts)
	if err != nil {
		return err
	}
	if opt.picture != "" {
		g, err := c.Picture()
		if err != nil {
			return err
		}
		opt.look.of(&g.Style)
		g.Title = "Hosts and how they deviate from their role"
		if err := g.Save(opt.picture); err != nil {
			return err
		}
	}
	var across *analysis.Across
	if opt.lags > 0 {
		if across, err = analysis.LeadsAcross(cmd.Context(), series, opt.lags); err != nil {
			return err
		}
	}
	if opt.json {
		return json.NewEncoder(data(cmd.OutOrStdout(), false)).Encode(struct {
			*behavior.HostComparison
			Across *analysis.Across `json:"across,omitempty"`
		}{c, across})
	}
	err = sayf(cmd.OutOrStdout(), "%v", c)
	if err == nil && across != nil {
		err = sayf(cmd.OutOrStdout(), "%v", across)
	}
	return err
}
