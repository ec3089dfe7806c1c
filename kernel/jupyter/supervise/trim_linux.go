package supervise

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// madvDontNeed lets the kernel of the system take the pages of a range back.
const madvDontNeed = 4

// trim gives back the pages of the program's own file that only its start has needed; they are read
// again from the file's cache when they are needed again. Supervisor and session are the same
// program, but each needs a different part of it.
func trim() {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	var ranges []mapping
	var m mapping
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if next, ok := parseMapping(lines.Text()); ok {
			m = next
			continue
		}
		// Only a mapping that has no pages of its own is the same when it is read again from the
		// file.
		if m.path == program && !m.writable && strings.HasPrefix(lines.Text(), "Anonymous:") && strings.Fields(lines.Text())[1] == "0" {
			ranges = append(ranges, m)
		}
	}
	for _, r := range ranges {
		syscall.Syscall(syscall.SYS_MADVISE, r.start, r.end-r.start, madvDontNeed)
	}
}

// mapping is one mapping of the process's memory.
type mapping struct {
	start, end uintptr
	writable   bool
	path       string
}

// parseMapping reads the first line of a mapping in /proc/PID/smaps.
func parseMapping(line string) (m mapping, ok bool) {
	f := strings.Fields(line)
	if len(f) < 6 || len(f[1]) != 4 {
		return m, false
	}
	from, to, ok := strings.Cut(f[0], "-")
	start, err1 := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	if !ok || err1 != nil || err2 != nil {
		return m, false
	}
	return mapping{uintptr(start), uintptr(end), f[1][1] == 'w', strings.Join(f[5:], " ")}, true
}
