package behavior

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dtnotes/analysis"
	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// identity finds out who a source is, by the columns that make it.
type identity struct {
	byKind  bool
	columns []string // in lower case; nil where nothing is known of them
	dims    []dtracefs.Dimension
	exec    int // the column of the program's name
}

// identityOf is how sources are named that were counted by a measure, which may be nil.
func identityOf(m *dtracefs.Measure, byKind bool) identity {
	id := identity{byKind: byKind, exec: -1}
	if m == nil {
		return id
	}
	for i, name := range m.Names {
		id.columns = append(id.columns, strings.ToLower(strings.TrimLeft(name, "@$")))
		d := dtracefs.Dimension("")
		if i < len(m.Dims) {
			d = m.Dims[i]
		}
		if id.dims = append(id.dims, d); d == dtracefs.ExecName && id.exec < 0 {
			id.exec = i
		}
	}
	return id
}

// values are the values of the columns of a source, whose name joins them by blanks. They are nil
// where they cannot be separated. Only a program's name holds blanks of its own: what stands before
// it is read from the left, what stands after it from the right.
func (id identity) values(source string) []string {
	n := len(id.columns)
	if n == 0 || id.exec < 0 {
		return nil
	}
	parts := strings.SplitN(source, " ", id.exec+1)
	if len(parts) <= id.exec {
		return nil
	}
	after := make([]string, 0, n-id.exec)
	for rest := n - id.exec - 1; rest > 0; rest-- {
		i := strings.LastIndexByte(parts[id.exec], ' ')
		if i < 0 {
			return nil
		}
		after = append(after, parts[id.exec][i+1:])
		parts[id.exec] = parts[id.exec][:i]
	}
	slices.Reverse(after)
	return append(parts, after...)
}

// A decision on who a source is: evidence decides, or there is none.
type decision int

const (
	unknown decision = iota
	yes
	no
)

// kernelMarks are what columns are called that mark threads of the kernel.
var kernelMarks = []string{"kthread", "kernel", "iskernel", "is_kernel", "kernel_thread", "kernelthread", "pf_kthread"}

// kernel decides whether a source is a thread of the kernel by what the capture
// has beside its name: a mark, its parent, its number, the zone it is in, or the
// path of its program.
func (id identity) kernel(source string) decision {
	values := id.values(source)
	pid, out := "", unknown
	for i, v := range values {
		switch {
		case slices.Contains(kernelMarks, id.columns[i]):
			switch strings.ToLower(v) {
			case "", "0", "n", "no", "false", "user":
				return no
			}
			return yes
		case id.columns[i] == "pid" || id.columns[i] == "tgid":
			pid = v
		}
	}
	for i, v := range values {
		switch {
		case id.columns[i] == "ppid":
			// On Linux these are the children of kthreadd, which is itself the second process;
			// elsewhere, those that no process started, apart from init.
			if v == "2" || v == "0" && pid != "1" {
				return yes
			}
			return no
		case pid == "0":
			return yes // the idle loop, or the kernel itself
		case slices.Contains([]dtracefs.Dimension{dtracefs.ZoneName, dtracefs.Cgroup, dtracefs.Container}, id.dims[i]) && !dtracefs.OfPlatform(id.dims[i], v):
			out = no
		case id.dims[i] == dtracefs.ExecName && strings.HasPrefix(v, "["):
			return yes // as ps writes what has no arguments
		case id.dims[i] == dtracefs.ExecName && strings.HasPrefix(v, "/"), id.columns[i] == "exe" && v != "":
			return no
		}
	}
	return out
}

// observer reports whether a source has the name of an observer. It is a guess: any program may
// have that name, which is why observers are judged by themselves rather than left out.
func (id identity) observer(source string) bool {
	name := processOf(source, id.byKind)
	if values := id.values(source); values != nil {
		name = values[id.exec]
	} else {
		name = name[strings.LastIndexByte(name, ' ')+1:] // after a zone
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	return slices.Contains(analysis.Observers, name)
}

// numbered reports whether a source has one of these process numbers.
func (id identity) numbered(source string, pids []string) bool {
	if len(pids) == 0 {
		return false
	}
	values := id.values(source)
	for i, v := range values {
		if (id.columns[i] == "pid" || id.columns[i] == "tgid") && slices.Contains(pids, v) {
			return true
		}
	}
	return false
}

// leftOut lists the processes of a series that are not judged, some more than
// once: threads of the kernel and what was excluded. Observers are judged by
// themselves alone.
func leftOut(s *analysis.Series, opts Options) (kernel, observers []string) {
	id := identityOf(s.Measure, opts.ByKind)
	// Where zones are distinguished, the platform has processes of its own beside the kernel's
	// threads.
	calls := map[string]bool{}
	for _, name := range s.Names {
		if kindOf(name, opts.ByKind) == "syscall" {
			calls[processOf(name, opts.ByKind)] = true
		}
	}
	for j, name := range s.Names {
		process := processOf(name, opts.ByKind)
		switch {
		case slices.Contains(opts.Exclude, process):
			kernel = append(kernel, process)
			continue
		case !opts.IncludeObserver && id.observer(name):
			observers = append(observers, process)
			continue
		case opts.IncludeKernel:
			continue
		}
		decided := id.kernel(name)
		if decided == unknown && s.Origins != nil && s.Origins[j] == source.Platform && (s.Zones == nil || len(calls) > 0 && !calls[process]) {
			decided = yes
		}
		if decided == yes {
			kernel = append(kernel, process)
		}
	}
	return kernel, observers
}

// leftOutNotes say what was left out: observers by the words that
// [analysis.FromFrame] has for them.
func leftOutNotes(kernel, observers []string) []string {
	var notes []string
	for _, p := range observers {
		notes = append(notes, "left out the observer "+p+", by its name alone")
	}
	if len(kernel) > 0 {
		notes = append(notes, "left out "+listing(kernel, 5)+" (the kernel's own, or excluded)")
	}
	return notes
}

// activity is what processes that are left out do that the kernel's own do not:
// system calls, or using the CPU.
type activity struct {
	id      identity
	guessed map[string]float64 // by process: of those left out by their names alone
	known   map[string]float64 // of those left out by what the capture has beside the name
}

func newActivity(id identity) activity {
	return activity{id, map[string]float64{}, map[string]float64{}}
}

// add takes in a value of a source of a process that is left out, if it is something that threads
// of the kernel do not do. Where kinds of events are not distinguished, a thread of the kernel may
// do anything.
func (a activity) add(source, process string, v float64) {
	kind := kindOf(source, a.id.byKind)
	busy := kind == "syscall" || strings.Contains(kind, "cpu") || strings.HasPrefix(kind, "profile")
	to := a.guessed
	if a.id.kernel(source) == yes {
		to = a.known
	} else {
		busy = busy || !a.id.byKind
	}
	if _, listed := to[process]; v > 0 && busy && (listed || len(to) < mostNames) {
		to[process] += v
	}
}

// addSeries takes in what these processes of a series do.
func (a activity) addSeries(s *analysis.Series, processes []string) {
	for j, name := range s.Names {
		if process := processOf(name, a.id.byKind); slices.Contains(processes, process) {
			for i := range s.Times {
				a.add(name, process, s.Values.At(i, j))
			}
		}
	}
}

// notes say in a line each what was found: what is left out by its name alone may be something else
// of that name.
func (a activity) notes() []string {
	var notes []string
	for why, done := range map[string]map[string]float64{"by name alone": a.guessed, "by what the capture says of them": a.known} {
		var list []string
		for _, process := range slices.Sorted(maps.Keys(done)) {
			list = append(list, fmt.Sprintf("%s (%.4g)", process, done[process]))
		}
		if len(list) > 0 {
			notes = append(notes, "left out "+why+", though they make system calls or use the CPU: "+listing(list, 8))
		}
	}
	slices.Sort(notes)
	return notes
}
