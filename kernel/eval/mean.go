package eval

import (
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"

	"dtnotes/kernel/eval/internal/inner"
)

// suggest adds to errors about misspelled names what may have been meant, and keeps only the
// first of several that say the same of a name.
//
// Only what a name may be at its place is compared: members of the value before a dot, or else
// names in scope.
func (c *checker) suggest(out *checked, errs checkErrors) checkErrors {
	said := map[string]bool{}
	var kept checkErrors
	for _, e := range errs {
		undeclared, missing := inner.IsUndeclared(e), inner.IsMissingMember(e)
		if undeclared && said[e.Msg] {
			continue
		}
		said[e.Msg] = true
		if undeclared || missing {
			if word, known := c.alternatives(out, e, missing); word != "" {
				if best := nearest(word, known); best != "" {
					e.Msg += "; did you mean " + best + "?"
				}
			}
		}
		kept = append(kept, e)
	}
	return kept
}

// alternatives returns the name that an error is about, and the names that there are at its place.
func (c *checker) alternatives(out *checked, e types.Error, member bool) (word string, known []string) {
	ast.Inspect(out.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if !member && n.Pos() == e.Pos && word == "" {
				word, known = n.Name, c.namesInScope(out, n)
			}
		case *ast.SelectorExpr:
			if member && n.Sel.Pos() == e.Pos {
				v := &view{e: c.e, info: out.unit.info, pkg: out.unit.pkg, seen: map[string]bool{}, near: &neighbors{}}
				v.members(n.X, "")
				word = n.Sel.Name
				for _, p := range v.found {
					known = append(known, p.item.Text)
				}
			}
		}
		return true
	})
	return word, known
}

func (c *checker) namesInScope(out *checked, at *ast.Ident) []string {
	known := slices.Collect(maps.Keys(c.e.scope.names))
	known = slices.AppendSeq(known, maps.Keys(c.e.scope.imports))
	known = slices.AppendSeq(known, maps.Keys(c.user))
	known = slices.AppendSeq(known, maps.Keys(ambient()))
	known = append(known, types.Universe.Names()...)
	for scope := out.unit.pkg.Scope().Innermost(at.Pos()); scope != nil && scope != types.Universe; scope = scope.Parent() {
		known = append(known, scope.Names()...)
	}
	return known
}

// nearest is the name that is most like a word, if one is like it enough: one letter in four may
// differ. Words of one or two letters are like too many. Letters that differ in their case alone
// count as equal. Names are compared in the order of the alphabet, so that of equally near ones
// it is always the same.
func nearest(word string, known []string) string {
	limit := max(1, (len(word)+1)/4)
	if len(word) < 3 {
		return ""
	}
	best, least := "", limit+1
	slices.Sort(known)
	for _, k := range known {
		if k == word || strings.HasPrefix(k, "__") || len(k) < 2 {
			continue
		}
		d := distance(strings.ToLower(word), strings.ToLower(k))
		if d == 0 || d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is how many letters have to be changed, added, left out or swapped with their neighbor
// (Damerau, 1964; Levenshtein, 1966).
//
// Each entry is the distance of the first i letters of a and the first j of b. Of a swap it is
// the restricted form, in which no letter is changed twice.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
