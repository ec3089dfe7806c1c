package eval

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	gcimporter "go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	masked      = flag.Int("masked", 0, "how many names TestMasked takes out of public code, each of a file of its own")
	maskedSeed  = flag.Uint64("masked-seed", 1, "of the choice of the places")
	maskedTyped = flag.String("masked-typed", "0,1,2", "how many letters of the names are left; several, with commas")
	maskedAlone = flag.Bool("masked-alone", false, "leave nothing behind the cursor, as where one writes")
	maskedShow  = flag.Bool("masked-show", false, "show the places where the right name is not first")
	gopls       = flag.String("gopls", "gopls", "the language server that is asked beside; empty for none")
	fit         = flag.Bool("fit", false, "have TestFitWeights write weights.txt")
)

// TestMasked measures how well completion guesses: it takes names out of public Go code and tells
// how often the right one is proposed first, and among the first five, beside gopls at the same
// places.
//
//	go test ./kernel/eval -run TestMasked -masked 300 -v
//
// The code is files of the module cache that other modules than this one have written, and that
// stand alone, so that a cell may hold them: they import only packages that are compiled in. Of
// each file one name is taken that is used there, not declared: a variable, function, type, field,
// method, constant or package, Go's own names included, at random but the same for the same seed.
// Nothing of it is left, or only its first letters; the code around it stays, behind the cursor
// too, as when one edits a file, unless -masked-alone cuts it off. Gopls is asked with its default
// settings.
func TestMasked(t *testing.T) {
	if *masked == 0 {
		t.Skip("measures with -masked 300")
	}
	root := goEnv(t, "GOMODCACHE")
	places := choose(t, root, filepath.Join(root, "cache"), *masked, 1, *maskedSeed)
	modules := map[string]bool{}
	for i, p := range places {
		modules[p.module] = true
		if *maskedAlone {
			places[i].after = ""
		}
	}
	t.Logf("%d places in as many files of %d modules", len(places), len(modules))
	s := newSession(t)
	peers := []*peer{{"cell", func(p place, typed int) ([]string, time.Duration) { return p.askCell(s, typed) }}}
	if *gopls != "" {
		server := startServer(t, *gopls)
		peers = append(peers, &peer{"gopls", func(p place, typed int) ([]string, time.Duration) { return server.ask(t, p, typed) }})
	}
	table := "| letters typed | who | first | among five | proposed | median | 95 % |\n|---|---|---|---|---|---|---|"
	for f := range strings.SplitSeq(*maskedTyped, ",") {
		k, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range peers {
			row, _, _ := p.measure(t, places, k)
			table += "\n" + row
		}
	}
	t.Log("\n" + table)
}

// TestGuesses holds that weights.txt belongs to what the code knows of proposals: in Go's standard
// library, to which they were fitted, guesses are as good as TestMasked finds them elsewhere, with
// room for other versions of that library.
func TestGuesses(t *testing.T) {
	if testing.Short() {
		t.Skip("asks for many completions")
	}
	src := filepath.Join(goEnv(t, "GOROOT"), "src")
	places := choose(t, src, filepath.Join(src, "cmd"), 100, 1, 2)
	s := newSession(t)
	p := &peer{"cell", func(p place, typed int) ([]string, time.Duration) { return p.askCell(s, typed) }}
	if row, first, five := p.measure(t, places, 0); first < 50 || five < 78 {
		t.Errorf("of %d names too few are guessed: %s", len(places), row)
	} else {
		t.Log(row)
	}
}

// A place is where a name has been taken out of a file.
type place struct {
	file, module  string
	before, after string // the text around it
	name, kind    string
}

func (p place) typed(k int) string { return p.before + p.name[:min(k, len(p.name))] }

func (p place) askCell(s *Session, typed int) (names []string, took time.Duration) {
	text := p.typed(typed)
	start := time.Now()
	got := s.Complete(text+p.after, len(text))
	took = time.Since(start)
	for _, it := range got.Items {
		names = append(names, it.Text)
	}
	return names, took
}

// A peer is who is asked.
type peer struct {
	name string
	ask  func(p place, typed int) ([]string, time.Duration)
}

// measure asks for all places and makes a row of the table, of which it also returns the numbers.
func (p *peer) measure(t *testing.T, places []place, typed int) (row string, first, five int) {
	found := 0
	var took []time.Duration
	for _, at := range places {
		names, d := p.ask(at, typed)
		took = append(took, d)
		i := slices.Index(names, at.name)
		first += int(bit(i == 0))
		five += int(bit(i >= 0 && i < 5))
		found += int(bit(i >= 0))
		if *maskedShow && i != 0 {
			line := at.before[strings.LastIndexByte(at.before, '\n')+1:]
			rest, _, _ := strings.Cut(at.after, "\n")
			t.Logf("%s, %d typed: %s %s at %d: %s‸%s: %q", p.name, typed, at.kind, at.name, i+1, strings.TrimSpace(line), rest, names[:min(6, len(names))])
		}
	}
	slices.Sort(took)
	percent := func(k int) string { return fmt.Sprintf("%.1f %%", 100*float64(k)/float64(len(places))) }
	row = fmt.Sprintf("| %d | %s | %s | %s | %s | %.1f ms | %.1f ms |", typed, p.name, percent(first), percent(five), percent(found),
		took[len(took)/2].Seconds()*1e3, took[len(took)*95/100].Seconds()*1e3)
	return row, first, five
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// choose takes n places, at most each of a file, of the files below root but not below skip.
func choose(t *testing.T, root, skip string, n, each int, seed uint64) []place {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == skip || d.Name() == "testdata"):
			return filepath.SkipDir
		case !d.IsDir() && filepath.Ext(path) == ".go":
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	known := exports(t)
	fset := token.NewFileSet()
	conf := &types.Config{
		Importer: gcimporter.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(known[path]) }),
	}
	r := rand.New(rand.NewPCG(seed, 1))
	r.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	var places []place
	lines := map[string]bool{} // files that have been copied hold the same
	for _, file := range files {
		if len(places) >= n {
			return places[:n]
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(fset, file, text, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil || ast.IsGenerated(f) || !importsOnly(f, known) {
			continue
		}
		info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
		if _, err := conf.Check("p", fset, []*ast.File{f}, info); err != nil {
			continue // it needs the other files of its package
		}
		ids := usedNames(f, info)
		r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		rel, _ := filepath.Rel(root, file)
		module, _, _ := strings.Cut(rel, "@")
		for _, id := range ids[:min(each, len(ids))] {
			clause := fset.Position(f.Name.End()).Offset // the package clause is no part of a cell
			at := fset.Position(id.Pos()).Offset
			line := string(text[bytes.LastIndexByte(text[:at], '\n')+1 : at])
			if lines[line+id.Name] {
				continue
			}
			lines[line+id.Name] = true
			places = append(places, place{file, module, string(text[clause:at]), string(text[at+len(id.Name):]), id.Name, kindOf(info.Uses[id])})
		}
	}
	t.Fatalf("only %d of %d places in files that stand alone", len(places), n)
	return nil
}

// exports maps the packages that are compiled in to their export data.
func exports(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-export", "-f", "{{.ImportPath}}\t{{.Export}}"}, (&packages{}).importable()...)...).Output()
	if err != nil {
		t.Fatal("list export data: ", err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		known[path] = file
	}
	return known
}

func importsOnly(f *ast.File, known map[string]string) bool {
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || path != "unsafe" && known[path] == "" {
			return false
		}
	}
	return true
}

// usedNames are the names that a file uses, in their order, but those of imports.
func usedNames(f *ast.File, info *types.Info) []*ast.Ident {
	var ids []*ast.Ident
	ast.Inspect(f, func(n ast.Node) bool {
		if _, ok := n.(*ast.ImportSpec); ok {
			return false
		}
		if id, ok := n.(*ast.Ident); ok && info.Uses[id] != nil {
			ids = append(ids, id)
		}
		return true
	})
	return ids
}

// An example is a place with what is known of its proposals.
type example struct {
	features [][]int32
	values   [][]float32
	right    int
}

// TestFitWeights finds weights.txt: those with which the names that stand in files of Go's standard
// library are the likeliest of all that are proposed there, by the conditional logit (McFadden,
// 1974), with a small penalty on their squares.
func TestFitWeights(t *testing.T) {
	if !*fit {
		t.Skip("writes weights.txt with -fit")
	}
	s := newSession(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	index, names := map[string]int32{}, []string{}
	times := []int{}
	var examples []example
	places := choose(t, filepath.Join(goEnv(t, "GOROOT"), "src"), filepath.Join(goEnv(t, "GOROOT"), "src", "cmd"), 11000, 24, 1)
	for i, p := range places {
		typed := 0 // nothing typed for most; the others have fewer rivals
		if i%4 == 3 {
			typed = 1
		}
		text := p.typed(typed)
		switch i / 4 % 4 { // some as one writes them: with nothing behind the cursor
		case 1:
			p.after = ""
		case 2:
			p.after = p.after[max(strings.IndexByte(p.after, '\n'), 0):]
		}
		a := s.assistant()
		v := a.lookAt(text+p.after, len(p.before), len(text))
		ex := example{right: -1}
		v.noted = func(name string, of []feature) {
			if match(name, text[len(p.before):]) != exactMatch {
				return
			}
			if name == p.name {
				ex.right = len(ex.features)
			}
			var fs []int32
			var xs []float32
			for _, f := range of {
				k, ok := index[f.name]
				if !ok {
					k = int32(len(names))
					index[f.name], names, times = k, append(names, f.name), append(times, 0)
				}
				if name == p.name {
					times[k]++
				}
				fs, xs = append(fs, k), append(xs, float32(f.value))
			}
			ex.features, ex.values = append(ex.features, fs), append(ex.values, xs)
		}
		func() {
			defer func() { recover() }()
			v.fill(text[len(p.before):])
		}()
		if ex.right >= 0 && len(ex.features) > 1 {
			examples = append(examples, ex)
		}
	}
	t.Logf("%d examples, %d features", len(examples), len(names))
	w := descend(examples, times)
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(names[a], names[b]) })
	var b strings.Builder
	for _, k := range order {
		if math.Abs(w[k]) >= 0.05 {
			fmt.Fprintf(&b, "%s\t%.2f\n", names[k], w[k])
		}
	}
	if err := os.WriteFile("weights.txt", []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
}

// descend goes down the gradient of the mean negative logarithm of what is right, with steps as
// Adagrad's (Duchi, Hazan, Singer, 2011). Features of fewer than three right names stay without
// weight.
func descend(examples []example, times []int) []float64 {
	w, sum := make([]float64, len(times)), make([]float64, len(times))
	grad := make([]float64, len(times))
	r := rand.New(rand.NewPCG(1, 1))
	var scores []float64
	for range 12 {
		r.Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
		for _, ex := range examples {
			scores = scores[:0]
			top := math.Inf(-1)
			for i, fs := range ex.features {
				x := 0.0
				for k, f := range fs {
					x += w[f] * float64(ex.values[i][k])
				}
				scores = append(scores, x)
				top = max(top, x)
			}
			total := 0.0
			for i := range scores {
				scores[i] = math.Exp(scores[i] - top)
				total += scores[i]
			}
			var touched []int32
			for i, fs := range ex.features {
				d := scores[i]/total - bit(i == ex.right)
				if math.Abs(d) < 1e-4 {
					continue
				}
				for k, f := range fs {
					grad[f] += d * float64(ex.values[i][k])
					touched = append(touched, f)
				}
			}
			for _, f := range touched {
				if g := grad[f] + 2e-4*w[f]; g != 0 && times[f] > 2 {
					sum[f] += g * g
					w[f] -= 0.1 * g / math.Sqrt(sum[f]+1e-6)
				}
				grad[f] = 0
			}
		}
	}
	return w
}
