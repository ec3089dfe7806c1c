package oracle

import (
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/eval"
	"dtnotes/kernel/eval/internal/programs"
)

var (
	howMany = flag.Int("programs", 0, "how many generated programs to run; 40 if 0, and 300 with -oracle")
	seed    = flag.Uint64("seed", 1, "seed of the first generated program")
	keep    = flag.Bool("keep", false, "write the programs that differ to the temporary folder")
)

// TestGenerated runs generated programs as cells, in one of several ways, and holds what they print
// against what compiled Go prints.
func TestGenerated(t *testing.T) {
	n := *howMany
	switch {
	case n > 0:
	case *oracle:
		n = 300
	default:
		n = 40
	}
	fset := token.NewFileSet()
	std := importer.ForCompiler(fset, "source", nil)
	var seeds []uint64
	invalid := 0
	for s := *seed; len(seeds) < n; s++ {
		if err := valid(fset, std, Generate(s)); err != nil {
			if invalid++; testing.Verbose() {
				t.Logf("seed %d: %v", s, err)
			}
			if invalid > n/2+10 {
				t.Fatalf("of %d programs %d are not valid", len(seeds)+invalid, invalid)
			}
			continue
		}
		seeds = append(seeds, s)
	}
	if testing.Verbose() {
		t.Logf("%d programs, %d left out", len(seeds), invalid)
	}
	sources := map[string]string{}
	for _, s := range seeds {
		sources[fmt.Sprintf("seed%d", s)] = Generate(s).File("main", "main")
	}
	printed := programs.Compiled(t, sources)
	for _, s := range seeds {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			way := pick(&generator{r: rand.New(rand.NewPCG(s, 16))}, ways)
			got, want := way.run(t, Generate(s)), printed[fmt.Sprintf("seed%d", s)]
			if got != want {
				programs.Differ(t, fmt.Sprintf("seed %d, %s, prints other than compiled Go", s, way.name), got, want)
				if *keep {
					os.WriteFile(filepath.Join(os.TempDir(), fmt.Sprintf("program%d.go", s)), []byte(Generate(s).File("main", "main")), 0o666)
				}
			}
		})
	}
}

// valid tells whether the program is one. A generated one is not where, say, the compiler sees that
// a constant overflows.
func valid(fset *token.FileSet, imp types.Importer, p *Program) error {
	f, err := parser.ParseFile(fset, "", p.File("main", "main"), 0)
	if err != nil {
		return err
	}
	conf := types.Config{Importer: imp}
	_, err = conf.Check("main", fset, []*ast.File{f}, nil)
	return err
}

// A way makes cells of a program and runs them.
type way struct {
	name  string
	cells func(p *Program) [][]string // groups of cells; but for the last, a group's cells may fail
}

var ways = []way{
	{"as a file in a cell", func(p *Program) [][]string { return [][]string{{p.File("main", "main")}} }},
	{"as one cell", func(p *Program) [][]string {
		return [][]string{{p.Imports + "\n" + strings.Join(append(p.Decls, p.Body...), "\n")}}
	}},
	{"as a cell with declarations in reverse and another", func(p *Program) [][]string {
		text := ""
		for _, d := range p.Decls {
			text = d + "\n" + text
		}
		return [][]string{{p.Imports, text, strings.Join(p.Body, "\n")}}
	}},
	{"as many cells", func(p *Program) [][]string {
		return [][]string{append(append([]string{p.Imports}, p.Decls...), p.Body...)}
	}},
	{"as edited cells", edited},
}

// edited declares drafts first and then, of what they stand for, what it is.
func edited(p *Program) [][]string {
	drafts, last := []string{p.Imports}, []string{}
	for i, d := range p.Decls {
		draft, ok := p.Drafts[i]
		switch {
		case ok:
			drafts = append(drafts, draft)
			last = append(last, d)
		case strings.HasPrefix(d, "var "):
			last = append(last, d)
		default:
			drafts = append(drafts, d)
		}
	}
	return [][]string{drafts, append(last, p.Body...)}
}

var place = regexp.MustCompile(`cell\[\d+\](:\d+)*: `)

// run returns what the cells print. Where a cell does not declare what it should because of a
// draft, it is run again as soon as the draft is not there any more.
func (w way) run(t *testing.T, p *Program) string {
	t.Helper()
	s := newSession(t)
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	groups := w.cells(p)
	failed := map[string]bool{}
	for _, group := range groups[:len(groups)-1] {
		for _, code := range group {
			if _, err := (&output{}).of(ctx, s, code); err != nil {
				failed[code] = true
			}
		}
	}
	final := groups[len(groups)-1]
	if len(groups) > 1 {
		final = again(p, final, failed)
	}
	return cellsPrint(ctx, s, final)
}

// again are the cells of an edited program, with those that failed before in their places.
func again(p *Program, final []string, failed map[string]bool) (cells []string) {
	wanted := map[string]bool{}
	for _, c := range final {
		wanted[c] = true
	}
	for _, d := range p.Decls {
		if wanted[d] || failed[d] {
			cells = append(cells, d)
		}
	}
	return append(cells, p.Body...)
}

func cellsPrint(ctx context.Context, s *eval.Session, cells []string) string {
	out := &output{}
	text := ""
	for i, code := range cells {
		printed, err := out.of(ctx, s, code)
		text = printed
		if err != nil {
			text += place.ReplaceAllString(err.Error(), "") + "\n"
			if i < len(cells)-1 {
				text += "and so fails cell\n" + code + "\n"
			}
			break
		}
	}
	return text
}
