package figure

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestShorten(t *testing.T) {
	const (
		zone = "6b3f1c9e-0d52-4a77-9a41-2f8e5c7d1b60"
		twin = "6b3f1c9e-7777-4a77-9a41-2f8e5c7d1b60"
		id   = "4f1c0de29bb1a7d33c51e0f2a96b8d70c4e5f60718293a4b5c6d7e8f90a1b2c3"
	)
	for _, c := range []struct{ names, want []string }{
		{[]string{"nginx", "global load", "a/b", "-"}, []string{"nginx", "global load", "a/b", "-"}},
		{[]string{zone + " nginx", zone + " api"}, []string{"6b3f1c9e nginx", "6b3f1c9e api"}},
		{[]string{"syscall " + strings.ToUpper(zone) + " Web Content"}, []string{"syscall 6B3F1C9E Web Content"}},
		{[]string{zone + " nginx", twin + " nginx"}, []string{"6b3f1c9e-0d52 nginx", "6b3f1c9e-7777 nginx"}},
		{[]string{zone + " nginx", "6b3f1c9e nginx"}, []string{zone + " nginx", "6b3f1c9e nginx"}},
		{[]string{id + " sh"}, []string{"4f1c0de29bb1 sh"}},
		{[]string{"/system.slice/docker-" + id + ".scope sh"}, []string{"docker-4f1c0de29bb1.scope sh"}},
		{[]string{"/sys/fs/cgroup/system.slice/nginx.service", "/sys/fs/cgroup/system.slice"}, []string{"nginx.service", "system.slice"}},
		{
			[]string{"/sys/fs/cgroup/a.slice/web.service", "/sys/fs/cgroup/b.slice/web.service"},
			[]string{"a.slice/web.service", "b.slice/web.service"},
		},
		{[]string{"/kubepods.slice/kubepods-pod6b3f1c9e_0d52_4a77_9a41_2f8e5c7d1b60.slice"}, []string{"kubepods-pod6b3f1c9e.slice"}},
		{[]string{"/usr/local/libexec/some/long/path/to/a/program"}, []string{"/usr/local/libexec/some/long/path/to/a/program"}},
	} {
		if got := shortNames(c.names); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.names, got, c.want)
		}
	}
}

// TestShortenedNamesDiffer holds that names that differ still do when they are short, and that a
// name never gets longer.
func TestShortenedNamesDiffer(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			fmt.Fprintf(&b, "%x", rng.IntN(2)) // few, so that they collide
		}
		return b.String()
	}
	word := func() string {
		switch rng.IntN(5) {
		case 0:
			return digits(8) + "-0000-0000-000" + digits(1) + "-00000000000" + digits(1)
		case 1:
			return "0000000000" + digits(4) + strings.Repeat("0", 48) + digits(2)
		case 2:
			return "/sys/fs/cgroup/" + digits(2) + ".slice/" + digits(1) + ".service"
		case 3:
			return digits(8)
		}
		return "sh"
	}
	for range 300 {
		var names []string
		for range 12 {
			names = append(names, word()+" "+word())
		}
		slices.Sort(names)
		names = slices.Compact(names)
		seen := map[string]string{}
		for i, short := range shortNames(names) {
			if other, ok := seen[short]; ok || len(short) > len(names[i]) {
				t.Fatalf("%q and %q both are %q", other, names[i], short)
			}
			seen[short] = names[i]
		}
	}
}
