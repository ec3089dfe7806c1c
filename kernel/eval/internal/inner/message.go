package inner

import (
	"regexp"
	"strings"
	"sync"
)

// CutArgument takes the words of go/types that a mistake is in an argument to callee out of a
// message.
func CutArgument(msg, callee string) string {
	if i := strings.Index(msg, " in argument to "+callee); i >= 0 {
		msg = msg[:i]
	}
	return strings.TrimPrefix(msg, "argument to "+callee+" ")
}

// CutPackage takes the package before a name out of a message of go/types.
func CutPackage(msg, name string) string {
	return qualified(name).ReplaceAllString(msg, "$1")
}

// CutNumbered takes what stands before names out of a message of go/types: a prefix, a number, _.
func CutNumbered(msg, prefix string) string {
	for {
		before, after, ok := strings.Cut(msg, prefix)
		if !ok {
			return msg
		}
		msg = before + strings.TrimPrefix(strings.TrimLeft(after, "0123456789"), "_")
	}
}

var qualified = func() func(name string) *regexp.Regexp {
	var known sync.Map
	return func(name string) *regexp.Regexp {
		x, ok := known.Load(name)
		if !ok {
			x, _ = known.LoadOrStore(name, regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\.([\pL_])`))
		}
		return x.(*regexp.Regexp)
	}
}()

// SameName finds what two types are both called in a message of go/types that a value of one is not
// of the other: a name, or what is made of names, without the star of a pointer. It is empty if the
// types are called otherwise.
func SameName(msg string) string {
	for _, says := range twoTypes() {
		if m := says.FindStringSubmatch(msg); m != nil && m[1] == m[2] {
			return strings.TrimPrefix(m[1], "*")
		}
	}
	return ""
}

// To compile them takes its time, which would be the start's.
var twoTypes = sync.OnceValue(func() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(` type (.+?)\) as (?:[a-z]+ type )?(.+?) value in `),
		regexp.MustCompile(` type (.+?)\) to type (.+)$`),
		regexp.MustCompile(`\(mismatched types (.+) and (.+)\)$`),
	}
})

// FoundEnd makes a message of go/parser say that it found the end where it found the bracket that
// was put behind the text.
func FoundEnd(msg string) string { return strings.Replace(msg, "found '}'", "found the end", 1) }
