package dtracefs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// said lists the words that are not left open, in alphabetical order.
func (o MeasureOptions) said() (words []string) {
	for word, is := range map[string]bool{
		"table": o.Table != nil, "time": o.Time != "", "by": o.By != nil, "value": o.Value != nil, "as": o.As != "", "every": o.Every != 0, "kinds": o.Kinds != nil,
	} {
		if is {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return words
}

// likewise fills in the words that were said when what o.Like measures was counted, and are not
// said now. What was inferred then is looked at table by table (see [MeasureOptions.like]).
func (o MeasureOptions) likewise() MeasureOptions {
	m := o.Like
	if m == nil {
		return o
	}
	if o.Kinds == nil {
		// No list of kinds means that all were taken in; left out, it would mean system calls
		// alone.
		if o.Kinds = m.Kinds; o.Kinds == nil {
			o.Kinds = []string{"*"}
		}
	}
	said := func(word string) bool { return slices.Contains(m.Said, word) }
	if o.Every == 0 {
		o.Every = m.Every
	}
	if o.Table == nil && said("table") {
		for _, t := range m.Tables {
			if !slices.Contains(o.Table, t.Table) {
				o.Table = append(o.Table, t.Table)
			}
		}
	}
	if o.Time == "" && said("time") && len(m.Tables) > 0 {
		o.Time = cmp.Or(m.Tables[0].Time, "none")
	}
	if o.By == nil && said("by") {
		o.By = m.columns()
	}
	if o.Value == nil && said("value") {
		o.Value = m.values()
	}
	if o.As == "" && said("as") && len(m.Tables) > 0 {
		o.As = m.Tables[0].As
	}
	return o
}

// columns are those that make a source. The tables of one measure have the same ones, so the
// first is asked.
func (m *Measure) columns() []string {
	if len(m.Tables) == 0 {
		return nil
	}
	return m.Tables[0].By
}

// values are the columns that hold what is counted.
func (m *Measure) values() (names []string) {
	for _, t := range m.Tables {
		if t.Value != "" && !slices.Contains(names, t.Value) {
			names = append(names, t.Value)
		}
	}
	slices.Sort(names)
	return names
}

// valueKinds are what the values are.
func (m *Measure) valueKinds() (kinds []ValueKind) {
	for _, t := range m.Tables {
		if !slices.Contains(kinds, t.As) {
			kinds = append(kinds, t.As)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// like are the parts of o.Like that say how a table was counted: those of its name, or all if
// there was but one table, since a map may be called otherwise in another version of a script.
func (o MeasureOptions) like(t *Table) (out []TableMeasure) {
	if o.Like == nil {
		return nil
	}
	one := true
	for _, of := range o.Like.Tables {
		if sameName(of.Table, t.Name) {
			out = append(out, of)
		}
		one = one && of.Table == o.Like.Tables[0].Table
	}
	if out == nil && one {
		return o.Like.Tables
	}
	return out
}

// knows reports whether o.Like counted a table of that name.
func (o MeasureOptions) knows(t *Table) bool {
	return o.Like != nil && slices.ContainsFunc(o.Like.Tables, func(of TableMeasure) bool { return sameName(of.Table, t.Name) })
}

// joins reports whether several tables were joined as kinds. It may be asked of no measure.
func (m *Measure) joins() bool {
	return m != nil && slices.ContainsFunc(m.Tables, func(t TableMeasure) bool { return t.Table != m.Tables[0].Table })
}

// lacks reports whether a table that m counts is not among those. A watch then waits for more of
// the stream before it decides.
func (m *Measure) lacks(tables []*Table) bool {
	return m.joins() && slices.ContainsFunc(m.Tables, func(of TableMeasure) bool {
		return !slices.ContainsFunc(tables, func(t *Table) bool { return sameName(of.Table, t.Name) })
	})
}

// likeAs is what a value was when what o.Like measures was counted; "" if it is not known.
func (o MeasureOptions) likeAs(t *Table, value string) ValueKind {
	for _, of := range o.like(t) {
		if sameName(of.Value, value) {
			return of.As
		}
	}
	return ""
}

// findLike finds the columns of a candidate that are as those of o.Like, as far as it has them all.
func findLike(find func([]*Column, string) (*Column, bool), printed []*Column, names []string) []*Column {
	var out []*Column
	for _, name := range names {
		col, ok := find(printed, name)
		if !ok {
			return nil
		}
		out = append(out, col)
	}
	return out
}

// Match reports whether what was counted by m can be held against what was counted by o: an error
// names the first thing in which they differ, and the option that would help. Where a word of o
// was said, it must be as in m; what was inferred may differ, as a quiet hour shows less than a
// busy one.
func (m *Measure) Match(o *Measure) error {
	said := func(word string) bool { return slices.Contains(o.Said, word) }
	names := func(list []string) string { return cmp.Or(strings.Join(quoteNames(list), ", "), "none") }
	switch {
	case m.Every != o.Every:
		return fmt.Errorf("buckets of %v instead of %v: say --every %v", o.Every, m.Every, m.Every)
	// Columns of other names that hold the same are no difference, such as execname and comm.
	case !slices.Equal(m.Names, o.Names) && !slices.Equal(m.Dims, o.Dims):
		return fmt.Errorf("sources by %s instead of %s: say --by %s", names(o.Names), names(m.Names), strings.Join(m.columns(), ","))
	}
	sameColumn := func(a, b string) bool {
		d := DimensionOf(a, nil)
		return sameName(a, b) || d != "" && d == DimensionOf(b, nil)
	}
	for _, t := range o.Tables {
		of := slices.IndexFunc(m.Tables, func(k TableMeasure) bool { return sameName(k.Table, t.Table) })
		if of < 0 || !said("by") {
			continue
		}
		if by := m.Tables[of].By; !slices.EqualFunc(by, t.By, sameColumn) {
			return fmt.Errorf("sources of %s by %s instead of %s: say --by %s", quoteName(t.Table), names(t.By), names(by), strings.Join(by, ","))
		}
	}
	if a, b := m.values(), o.values(); said("value") && !slices.Equal(a, b) {
		return fmt.Errorf("values of %s instead of %s: say --value %s", names(b), names(a), strings.Join(a, ","))
	}
	if said("kinds") && !slices.Equal(m.Kinds, o.Kinds) {
		kinds := func(list []string) string { return cmp.Or(strings.Join(list, ","), "*") }
		return fmt.Errorf("kinds %s instead of %s: say --kinds '%s'", kinds(o.Kinds), kinds(m.Kinds), kinds(m.Kinds))
	}
	if a, b := m.valueKinds(), o.valueKinds(); said("as") && !slices.Equal(a, b) {
		return fmt.Errorf("values are taken for %s instead of %s: say --as %s", joinWords(b), joinWords(a), a[0])
	}
	// Counts and levels cannot be held against each other, said or not. Where either measure has
	// both, there is something to compare.
	gauge := func(m *Measure) (g, c bool) {
		for _, t := range m.Tables {
			g, c = g || t.As == AsGauge, c || t.As != AsGauge
		}
		return g, c
	}
	g1, c1 := gauge(m)
	g2, c2 := gauge(o)
	if !g1 && !c2 || !g2 && !c1 {
		return errors.New("counts were learned and levels come, or the other way round: say --value and --as")
	}
	return nil
}
