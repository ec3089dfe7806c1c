package figure

import (
	"regexp"
	"strings"
)

var (
	// identity is a UUID, or the hexadecimal identity of a container, wherever it stands in a name:
	// docker-<64 digits>.scope and kubepods-pod<UUID with underscores>.slice hold one, too.
	identity = regexp.MustCompile(`[0-9a-fA-F]{8}(?:[-_][0-9a-fA-F]{4}){3}[-_][0-9a-fA-F]{12}|[0-9a-fA-F]{32,}`)
	pathWord = regexp.MustCompile(`\S*/\S+`)
	// cgroupWord distinguishes the path of a control group from that of a program.
	cgroupWord = regexp.MustCompile(`^/?(?:sys/fs/cgroup|docker|kubepods|lxc|machine)/|\.(?:slice|scope|service)(?:/|$)`)
)

// longPath is the number of characters from which on the path of a control group is long.
const longPath = 24

// Shorten returns a function that writes names for people: a UUID as its first block, the identity
// of a container as its first 12 digits, as docker does, the long path of a control group as its
// last element. If two of names would look alike, they keep as much as is needed to distinguish
// them. The rest of a name stays as it is, and so do names without anything long.
func Shorten(names []string) func(name string) string {
	s := shortener{of: map[string]string{}, whole: map[string]bool{}}
	var ids, paths []string
	for _, n := range names {
		ids = append(ids, identity.FindAllString(n, -1)...)
		for _, w := range pathWord.FindAllString(n, -1) {
			if isLongPath(w) {
				paths = append(paths, w)
			}
		}
	}
	// Short forms of identities and paths are chosen for all names at once, so that a container is
	// called the same in each name that contains it.
	s.choose(ids, identityPrefix)
	s.choose(paths, pathEnd)
	looks := map[string]string{}
	for _, n := range names {
		short := s.short(n)
		// What distinguishes two words may still leave two names alike, such as a name that was
		// short from the beginning and looks like another one shortened. Both names then stay
		// whole.
		if other, ok := looks[short]; ok && other != n {
			s.whole[n], s.whole[other] = true, true
		}
		looks[short] = n
	}
	return s.short
}

func shortNames(names []string) []string {
	short := Shorten(names)
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = short(n)
	}
	return out
}

type shortener struct {
	of    map[string]string // identities and paths, and what they are written as
	whole map[string]bool   // names that would look like another one
}

// choose finds for each word its first form, of those that get longer and longer, that no other
// has. It ends, since the last form of a word is the word itself.
func (s *shortener) choose(words []string, form func(word string, length int) string) {
	pending := map[string]bool{}
	for _, w := range words {
		pending[w] = true
	}
	all := pending
	for length := 0; len(pending) > 0; length++ {
		having := map[string]int{}
		for w := range all {
			having[form(w, length)]++
		}
		again := map[string]bool{}
		for w := range pending {
			if f := form(w, length); having[f] == 1 || f == w {
				s.of[w] = f
			} else {
				again[w] = true
			}
		}
		pending = again
	}
}

func (s *shortener) short(name string) string {
	if s.whole[name] {
		return name
	}
	write := func(form func(string, int) string) func(string) string {
		return func(w string) string {
			if short, ok := s.of[w]; ok {
				return short
			}
			return form(w, 0)
		}
	}
	if strings.Contains(name, "/") {
		name = pathWord.ReplaceAllStringFunc(name, write(pathEnd))
	}
	return identity.ReplaceAllStringFunc(name, write(identityPrefix))
}

// identityPrefix is an identity's first block, and a block more for each length.
func identityPrefix(id string, length int) string {
	if n := 8 + 5*length; id[8] == '-' || id[8] == '_' {
		if n > 23 {
			return id
		}
		return id[:n]
	}
	return id[:min(len(id), 12+8*length)]
}

func isLongPath(w string) bool { return len(w) > longPath && cgroupWord.MatchString(w) }

// pathEnd is the last element of a long path, and one more for each length.
func pathEnd(path string, length int) string {
	if !isLongPath(path) {
		return path
	}
	parts := strings.Split(strings.TrimRight(path, "/"), "/")
	if length+1 >= len(parts) {
		return path
	}
	return strings.Join(parts[len(parts)-1-length:], "/")
}
