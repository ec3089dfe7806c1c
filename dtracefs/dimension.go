package dtracefs

import (
	"strings"

	"dtnotes/dtracefs/internal/pattern"
)

// A Dimension is what the values of a key column name.
type Dimension string

// The dimensions that are known. Key columns that are none of these have the dimension "".
const (
	ExecName  Dimension = "execname"  // a process by the name of its program
	PID       Dimension = "pid"       // a process or a thread by its number
	ZoneName  Dimension = "zonename"  // an illumos zone, by name or UUID, "global" for the platform
	Cgroup    Dimension = "cgroup"    // a control group, by path or number
	Container Dimension = "container" // a container, by name or identity
	Host      Dimension = "host"
	UID       Dimension = "uid" // a user, by number or name
	CPU       Dimension = "cpu"
	ProbeFunc Dimension = "probefunc" // a function or a system call
	Device    Dimension = "device"    // a disk or a network interface
	Kind      Dimension = "kind"      // what is counted, such as syscall or read_bytes
)

// dimensionNames are what columns of a dimension are called: as variables of D and bpftrace, and
// as headings of tools, in lower case. They are listed by dimension, since that is how they are
// read; the map is for looking them up.
var dimensionNames = map[string]Dimension{}

func init() {
	for d, names := range map[Dimension]string{
		ExecName:  "execname comm command cmd exec process image program proc prog procname executable pcomm psargs args",
		PID:       "pid tid ppid tgid lwp lwpid thread threadid spid parent_pid child_pid",
		ZoneName:  "zonename zone zoneid zone_name zid",
		Cgroup:    "cgroup cgroupid cgroup_id cgrouppath cgroup_path cgid",
		Container: "container containerid container_id pod jail jid jailname",
		Host:      "host hostname node server machine instance",
		UID:       "uid user username euid gid",
		CPU:       "cpu cpuid core processor",
		ProbeFunc: "probefunc func function syscall probe event probename probemod call",
		Device:    "device dev disk iface interface devname dev_statname nic",
		Kind:      "kind",
	} {
		for name := range strings.FieldsSeq(names) {
			dimensionNames[name] = d
		}
	}
}

var (
	uuid       = pattern.New(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	cgroupPath = pattern.New(`^/?(?:sys/fs/cgroup|[\w-]+\.slice|system|user|docker|kubepods|lxc|machine|init\.scope)(?:/|$)|\.(?:slice|scope|service)(?:/|$)`)
	longHex    = pattern.New(`^[0-9a-f]{12}(?:[0-9a-f]{52})?$`)
	cpuNumber  = pattern.New(`^cpu\d+$`)
	kindWord   = pattern.New(`^(?:syscall|sysfail|csw|pgfault|fork|exec|exit|accept|connect|[a-z]+_(?:ops|bytes|in|out))$`)
	diskName   = pattern.New(`^(?:[hsv]d[a-z]\d*|nvme\d+n\d+(?:p\d+)?|dm-\d+|sd\d+|c\dt\dd\d.*|ada?\d+|da\d+|nvd\d+|disk\d+(?:s\d+)?)$`)
)

// DimensionOf returns the dimension of a key column by its name, in any case, or, where a tracer
// printed none, by the look of its values: zones and containers have identities of their own,
// "global" is the platform. Text that looks like nothing else is "". values may be a sample of
// the column; nil asks the name alone.
func DimensionOf(name string, values []string) Dimension {
	name = strings.ToLower(strings.TrimLeft(name, "@$"))
	// What stands behind is a unit or a second name: "PID/LWPID", "TIME(us)".
	if i := strings.IndexAny(name, "(/"); i > 0 {
		name = name[:i]
	}
	if d, ok := dimensionNames[name]; ok {
		return d
	}
	// A number or a short list in words names no dimension by itself: the look of all values
	// decides.
	looks := []struct {
		d  Dimension
		is func(string) bool
	}{
		{ZoneName, func(v string) bool { return v == "global" || uuid.MatchString(v) }},
		{Cgroup, cgroupPath.MatchString},
		{Container, longHex.MatchString},
		{CPU, cpuNumber.MatchString},
		{Device, diskName.MatchString},
		{Kind, kindWord.MatchString},
	}
	for _, l := range looks {
		n := 0
		for _, v := range values {
			if l.is(v) {
				n++
			}
		}
		// A zone can have any name beside those with an identity, so most are enough there; the
		// others must all look alike, since processes have names like these too.
		if n > 0 && (n == len(values) || l.d == ZoneName && n >= 2 && 2*n >= len(values)) {
			return l.d
		}
	}
	return ""
}

// OfPlatform reports whether a value of a dimension that parts a system names the platform
// itself. What belongs to the platform is in no container.
func OfPlatform(d Dimension, value string) bool {
	switch d {
	case ZoneName:
		return value == "global" || value == "0"
	case Cgroup:
		return value == "" || value == "/" || value == "1" || value == "init.scope" || strings.HasPrefix(value, "/init.scope")
	case Container:
		return value == "" || value == "-" || value == "host" || value == "0"
	}
	return false
}
