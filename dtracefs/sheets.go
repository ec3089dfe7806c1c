package dtracefs

// sheets are the tables of a capture, or of a part of one, while they are filled. They come out
// in the order in which they got their first row's sheet, so a capture's tables stand as they
// were printed.
type sheets struct {
	front *Table // comes before all others, if it has rows
	list  []*sheet
	byKey map[string]*sheet
	last  []func() // what is left to do when all lines are read
	part  bool     // of a capture of which other parts are decoded apart
}

func newSheets() sheets { return sheets{byKey: map[string]*sheet{}} }

// sheetFor returns the sheet that rows of one kind go to. The key says which kind that is: the
// first call with it makes the sheet, and later ones find it again. Only the first call's name
// and kind count.
func (b *sheets) sheetFor(key, name, kind string) *sheet {
	if s, ok := b.byKey[key]; ok {
		return s
	}
	s := newSheet(name, kind)
	b.byKey[key] = s
	b.list = append(b.list, s)
	return s
}

// newTable starts a sheet of its own, whose columns get the type that their text has. No key
// finds it again: the caller keeps it for as long as rows go on in it.
func (b *sheets) newTable(name, kind string) *sheet {
	s := newSheet(name, kind)
	b.list = append(b.list, s)
	s.inferred = true
	return s
}

// tables ends the filling and returns what has rows. It is called once, at the end. The functions
// in last run first, as they fill sheets with what could not be filed while more might come.
func (b *sheets) tables() (tables []*Table) {
	for _, f := range b.last {
		f()
	}
	if b.front != nil && b.front.NumRows() > 0 {
		tables = append(tables, splitZones(b.front))
	}
	for _, s := range b.list {
		if s.n > 0 && len(s.Columns) > 0 {
			tables = append(tables, s.finish(b.part))
		}
	}
	return tables
}
