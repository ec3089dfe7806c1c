package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dtnotes/dtracefs"
)

func countCommand() *cobra.Command {
	var opt dtracefs.CountOptions
	var out, host, from string
	cmd := &cobra.Command{
		Use:   "count CAPTURE|FOLDER ... -o PART.counts",
		Short: "Count captures of one or many hosts into a file that merges",
		Long: `Count writes what each source did in each bucket of time, host by host, as a counts file: small,
checksummed, and the same bytes whichever way the captures were parted and merged (see dtnotes
merge). learn, score and series take it like a capture. Buckets end on whole multiples of their
width since the epoch.

Cut an event log anywhere in the order of time, and what is printed block by block between blocks.
Parts of a host that counted the same time are refused when they merge, since a part may be there
twice; where the lines of one time were parted and that cannot be told, count the parts as one: cat
a.txt b.txt | dtnotes count - --host NAME -o PART.counts.

CAPTURE may be a pattern such as 'logs/*/calls.txt', and "-" is standard input. Each file is counted
by itself, so that running totals and gaps do not reach from one file into the next. The host is
what --host says; or what --host-from finds in the path, a pattern with {host} in it, in which *
stands for any part of a name; or else what the capture has in a column of hosts; or else, of a
folder with folders in it, the name of the inner one. Otherwise it is one host without a name.`,
		Example: `  dtnotes count monday.txt.zst --host web1 -o web1-monday.counts
  dtnotes count captures/ --host-from '{host}/calls-*.txt' -o all.counts
  dtnotes merge *.counts -o all.counts`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			named, err := hostPattern(host, from)
			if err != nil {
				return err
			}
			// Parts of one host that are counted separately must have buckets with the same
			// borders.
			opt.Aligned = true
			parts, err := newSpool()
			if err != nil {
				return err
			}
			defer parts.close()
			for _, arg := range args {
				if err := countInto(cmd, parts, arg, named, opt); err != nil {
					return err
				}
			}
			// Parts are merged even if there is only one, so that the bytes of a counts file depend
			// on nothing but what was counted.
			return writeWhole(cmd.OutOrStdout(), out, func(w io.Writer) error {
				return ofFile(dtracefs.MergeCounts(cmd.Context(), w, parts.files...), parts.paths)
			})
		},
	}
	measureFlags(cmd, &opt.MeasureOptions)
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", "", "write to `FILE`.counts; - is standard output")
	f.StringVar(&host, "host", "", "`NAME` of the host that all captures are of")
	f.StringVar(&from, "host-from", "", "`PATTERN` of paths, with {host} where the host's name is")
	cmd.MarkFlagRequired("output")
	return cmd
}

// A spool holds what was counted of each file until all are merged, so that no more than one is
// in memory.
type spool struct {
	f     *os.File
	size  int64
	files []io.ReadSeeker
	paths []string // of what was counted
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "dtnotes-*")
	if err != nil {
		return nil, err
	}
	return &spool{f: f}, nil
}

// close removes what was held.
func (s *spool) close() { errors.Join(s.f.Close(), os.Remove(s.f.Name())) }

// add holds the hosts of a file.
func (s *spool) add(path string, hosts map[string]*dtracefs.Counts) error {
	w := dtracefs.NewCountsWriter(s.f)
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		if err := w.Write(host, hosts[host]); err != nil {
			return err
		}
	}
	return s.end(path, w.Close())
}

// end ends the part of a path. Each part is a counts file of its own within the one temporary
// file.
func (s *spool) end(path string, err error) error {
	end, failed := s.f.Seek(0, io.SeekEnd)
	s.files = append(s.files, io.NewSectionReader(s.f, s.size, end-s.size))
	s.paths, s.size = append(s.paths, path), end
	return errors.Join(err, failed)
}

// ofFile adds to an error the file that it is about.
func ofFile(err error, paths []string) error {
	var part *dtracefs.PartError
	if errors.As(err, &part) {
		return fmt.Errorf("%s: %w", paths[part.File], part.Err)
	}
	return err
}

// hostPattern returns a function that finds the name of the host of a path; "" is a host without a
// name.
func hostPattern(host, from string) (func(path string) (string, error), error) {
	switch {
	case host != "" && from != "":
		return nil, errors.New("--host names one host, --host-from finds many: say one of them")
	case host != "":
		return func(string) (string, error) { return host, nil }, nil
	case from == "":
		return nil, nil
	}
	return namePattern("host", from)
}

// namePattern returns a function that finds the name of a host or of a role (what says which) in a
// path or a name, at the place where the pattern has that word in braces. Without a pattern, the
// function finds "".
func namePattern(what, from string) (func(name string) (string, error), error) {
	if from == "" {
		return func(string) (string, error) { return "", nil }, nil
	}
	flag, hole := "--host-from", "{"+what+"}"
	if what != "host" {
		flag = "--" + what
	}
	if strings.Count(from, hole) != 1 {
		return nil, fmt.Errorf("%s %q: say %s once in it", flag, from, hole)
	}
	// A host's name is as short as the rest of the pattern allows, and neither the name nor *
	// reaches over a slash.
	words := strings.NewReplacer(regexp.QuoteMeta(hole), `([^/]+?)`, `\*`, `[^/]*`).Replace(regexp.QuoteMeta(from))
	pattern, err := regexp.Compile(`(?:^|/)` + words + `$`)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", flag, from, err)
	}
	return func(name string) (string, error) {
		m := pattern.FindStringSubmatch(filepath.ToSlash(name))
		if m == nil {
			return "", fmt.Errorf("%s: %s %q does not match it", name, flag, from)
		}
		return m[1], nil
	}, nil
}

// countInto counts the captures of an argument, each by itself, and says how it counted them.
func countInto(cmd *cobra.Command, parts *spool, arg string, named func(string) (string, error), opt dtracefs.CountOptions) error {
	paths, err := matches(arg)
	if err != nil {
		return err
	}
	stderr := cmd.ErrOrStderr()
	for _, path := range paths {
		fsys, names, err := openCaptures(cmd.Context(), path)
		if err != nil {
			return err
		}
		for _, name := range names {
			full := path
			if len(names) > 1 || name != filepath.Base(path) {
				full = filepath.Join(path, filepath.FromSlash(name))
			}
			counts, err := dtracefs.CountFiles(cmd.Context(), []dtracefs.File{{FS: fsys, Name: name}}, opt)
			if err != nil {
				return fmt.Errorf("%s: %w", full, err)
			}
			sayCounts(stderr, full, counts)
			hosts, err := hostsOf(counts, path, full, name, named)
			if err != nil {
				return err
			}
			if hosts[""] != nil {
				say(stderr, "note: its host has no name: --host or --host-from says it")
			}
			if err := parts.add(full, hosts); err != nil {
				return fmt.Errorf("%s: %w", full, err)
			}
		}
	}
	return nil
}

// matches are the paths that an argument names. The argument may be a pattern, for where no shell
// resolves it. If there is a file whose name looks like a pattern, it is that file.
func matches(arg string) ([]string, error) {
	if _, err := os.Stat(arg); err == nil || !strings.ContainsAny(arg, "*?[") {
		return []string{arg}, nil
	}
	paths, err := filepath.Glob(arg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	if len(paths) == 0 {
		return nil, &fs.PathError{Op: "count", Path: arg, Err: fs.ErrNotExist}
	}
	return paths, nil
}

// hostsOf divides the counts of a file by host.
func hostsOf(c *dtracefs.Counts, path, full, name string, named func(string) (string, error)) (map[string]*dtracefs.Counts, error) {
	if named != nil {
		host, err := named(full)
		return map[string]*dtracefs.Counts{host: c}, err
	}
	hosts := c.ByHost()
	if of, ok := hosts[""]; ok && len(hosts) == 1 {
		// The host is named by the folder within the folder that was given, or by the folder that a
		// pattern went into.
		if dir, _, deeper := strings.Cut(name, "/"); deeper {
			return map[string]*dtracefs.Counts{dir: of}, nil
		}
	}
	return hosts, nil
}

// sayCounts prints how a file was counted, in the same words as the other commands.
func sayCounts(w io.Writer, path string, c *dtracefs.Counts) {
	say(w, path+":")
	if m := c.Measure(); m != nil {
		say(w, strings.TrimSuffix(m.String(), "\n"))
		for _, n := range m.Notes {
			say(w, "note:", n)
		}
	}
	for _, n := range c.Notes {
		say(w, "note:", n)
	}
	sayLosses(w, c)
}

// sayLosses prints what the tracer lost and what was not understood.
func sayLosses(w io.Writer, c *dtracefs.Counts) {
	if n := len(c.Drops); n > 0 {
		sayf(w, "warning: the tracer dropped data: %d messages\n", n)
	}
	if c.Skipped > 0 {
		sayf(w, "warning: %d lines were not understood\n", c.Skipped)
	}
}

// writeWhole writes a file under a temporary name and gives it its own when it is whole.
func writeWhole(stdout io.Writer, path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(data(stdout, false))
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".dtnotes-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	if err := write(f); err != nil {
		return errors.Join(err, f.Close())
	}
	// A temporary file is the user's alone; what it becomes is read by others as any file is.
	if err = errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// mergeCounts merges counts files.
func mergeCounts(cmd *cobra.Command, paths []string, out string) error {
	files := make([]io.ReadSeeker, len(paths))
	for i, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		files[i] = f
	}
	return writeWhole(cmd.OutOrStdout(), out, func(w io.Writer) error {
		return ofFile(dtracefs.MergeCounts(cmd.Context(), w, files...), paths)
	})
}

// countsFiles reports whether the paths are counts files. Either all of them must be, or none.
func countsFiles(paths []string) (bool, error) {
	some, other := "", ""
	for _, path := range paths {
		if isCountsFile(path) {
			some = path
		} else {
			other = path
		}
	}
	if some != "" && other != "" {
		return false, fmt.Errorf("%s holds counts and %s does not: count it too (dtnotes count), then merge them", some, other)
	}
	return some != "", nil
}

// isCountsFile reports whether a file is a counts file, by how it begins and whatever its name is.
// A pipe is taken for none, since to look at its beginning would take that away.
func isCountsFile(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return dtracefs.IsCountsFile(f)
}

// eachHost reads the counts of each host of counts files, or of the hosts that --host names, in the
// order of their names, and passes on how many there are. No more than one host is in memory at a
// time, and of that no more values than most returns for the number of hosts. If most is nil, all
// values are read.
func eachHost(cmd *cobra.Command, paths []string, most func(hosts int) int, take func(host string, c *dtracefs.Counts, hosts int) error) error {
	return readCounts(cmd, paths, func(r *dtracefs.CountsReader, keep func(host string) bool, hosts int) error {
		for {
			var host string
			var c *dtracefs.Counts
			var err error
			if most == nil {
				host, c, err = r.NextOf(keep)
			} else {
				host, c, err = r.NextThin(keep, most(hosts), fewestThinned)
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: %w", strings.Join(paths, ", "), err)
			}
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			if err := take(host, c, hosts); err != nil {
				return err
			}
		}
	})
}

// readCounts opens counts files and passes on which of their hosts to keep, as --host says, and how
// many those are.
func readCounts(cmd *cobra.Command, paths []string, read func(r *dtracefs.CountsReader, keep func(host string) bool, hosts int) error) error {
	for _, name := range []string{"table", "time", "by", "value", "as", "every", "kinds"} {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("%s is counted already: say --%s when counting (dtnotes count)", paths[0], name)
		}
	}
	all := strings.Join(paths, ", ")
	keep := func(string) bool { return true }
	only, _ := cmd.Flags().GetString("host")
	if only != "" {
		if _, err := path.Match(only, ""); err != nil {
			return fmt.Errorf("--host %q: %w", only, err)
		}
		keep = func(host string) bool {
			ok, _ := path.Match(only, host)
			return ok || host == only
		}
	}
	f, done, err := openCounts(cmd, paths)
	if err != nil {
		return err
	}
	defer done()
	r, err := dtracefs.NewCountsReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", all, err)
	}
	// The names are read first, to know how many hosts there are, and then the file is read anew
	// from its start.
	names, err := r.Hosts()
	if err == nil {
		r, err = dtracefs.NewCountsReader(f)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", all, err)
	}
	hosts := 0
	for _, name := range names {
		if keep(name) {
			hosts++
		}
	}
	switch {
	case len(names) == 0:
		return fmt.Errorf("%s: nothing was counted", all)
	case hosts == 0:
		return fmt.Errorf("%s: no host %q; there are %q", all, only, names)
	}
	return read(r, keep, hosts)
}

// openCounts opens a counts file, or a merge of several.
func openCounts(cmd *cobra.Command, paths []string) (f io.ReadSeeker, done func(), err error) {
	if len(paths) == 1 {
		f, err := os.Open(paths[0])
		return f, func() { f.Close() }, err
	}
	s, err := newSpool()
	if err != nil {
		return nil, nil, err
	}
	files := make([]io.ReadSeeker, len(paths))
	for i, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			s.close()
			return nil, nil, err
		}
		defer f.Close()
		files[i] = f
	}
	if err := ofFile(dtracefs.MergeCounts(cmd.Context(), s.f, files...), paths); err != nil {
		s.close()
		return nil, nil, err
	}
	return s.f, s.close, nil
}
