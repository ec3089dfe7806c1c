package dtracefs

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"dtnotes/dtracefs/internal/syntax"
)

// rowShapes are the few shapes that the lines of a script's own rows have. They are learned from
// lines ahead, so that a row that differs, since a name in it holds a blank, is split as the
// others are, and every block goes on the same tables:
//
//	nginx read 12
//	my prog read 7
//	sshd write 3
//
// The first and the third have one shape, a name, a word and a number; the second has a word
// more, and is one of these with a blank in its name.
type rowShapes struct {
	form   string // says in the keys of sheets whose shapes these are
	shapes []*rowShape
	tried  int // offset up to which lines were looked at in vain

	tokens []token // of the row at hand, as its cells are; kept for their memory
	cells  [][]byte
}

// A rowShape is a number of cells, and which of them are numbers.
type rowShape struct {
	name  string
	key   string // of the sheet
	width int
	mask  uint64            // a bit for each cell that is a number
	known []map[string]bool // by cell: words of text seen in it
	names []string          // of the cells, where a heading has named them
}

const (
	// rowsAhead bounds how many lines are looked at, widestRow how many cells a row has.
	rowsAhead = 400
	widestRow = 24
	// mostWords bounds the words that are remembered of a cell.
	mostWords = 4096
)

// none reports whether no shape is known.
func (r *rowShapes) none() bool { return len(r.shapes) == 0 }

// learn looks at the lines from the cursor on. row returns what of a line is a row, nil if
// nothing. Blank lines and messages are passed over. Where it learns nothing, it looks again only
// behind the lines that it has seen.
func (r *rowShapes) learn(cur *syntax.Cursor, row func(line []byte) []byte) bool {
	if cur.Offset() < r.tried {
		return false
	}
	ahead := *cur
	var rows [][]byte
	for n := 0; !ahead.Done() && n < rowsAhead; n++ {
		line, _ := ahead.Next()
		line = plain(line)
		if syntax.Blank(line) || len(line) > longestLine {
			continue
		}
		if _, isMessage := syntax.ParseMessage(line); isMessage {
			continue
		}
		if line = row(line); line != nil && !syntax.Blank(line) {
			rows = append(rows, line)
		}
	}
	if len(rows) < 2 || !r.find(rows, 6) {
		r.shapes, r.tried = nil, ahead.Offset()
		return false
	}
	return true
}

// find finds the shapes of rows, and reports whether they are those of so many tenths of them. A
// shape needs a number and a word, since rows of words alone are sentences, and those of numbers
// alone need no shapes; it must be that of an eighth of the rows, and there are four at most.
func (r *rowShapes) find(rows [][]byte, tenths int) bool {
	counts := map[shape]int{}
	for _, line := range rows {
		if s := shapeOf(line); s.words <= widestRow {
			counts[s]++
		}
	}
	type found struct {
		shape
		n int
	}
	var all []found
	for s, k := range counts {
		if s.words >= 2 && s.number != 0 && s.number != 1<<s.words-1 {
			all = append(all, found{s, k})
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.words, b.words), cmp.Compare(a.number, b.number))
	})
	// A shape with words more than another one is that of names with blanks.
	covered := 0
	all = slices.DeleteFunc(all, func(wide found) bool {
		blanks := slices.ContainsFunc(all, func(f found) bool { return f.n*8 >= len(rows) && holdsBlanks(rows, wide.shape, f.shape) })
		if blanks {
			covered += wide.n
		}
		return blanks
	})
	for _, f := range all {
		if f.n*8 < len(rows) || len(r.shapes) == 4 {
			break
		}
		name := "rows"
		if len(r.shapes) > 0 {
			name += " " + strconv.Itoa(len(r.shapes)+1)
		}
		s := &rowShape{name: name, key: r.form + "/" + name, width: f.words, mask: f.number, known: make([]map[string]bool, f.words)}
		for i := range s.known {
			s.known[i] = map[string]bool{}
		}
		r.shapes = append(r.shapes, s)
		covered += f.n
	}
	if covered*10 < len(rows)*tenths {
		r.shapes = nil
		return false
	}
	return true
}

// holdsBlanks reports whether rows of the wide shape are those of the narrow one with a blank in
// a cell of text: the words that would stand there always come together, as no two keys do. For
// example, "my" and "prog" stand side by side in every row of the wide shape, while a key is
// followed by many others.
func holdsBlanks(rows [][]byte, wide, narrow shape) bool {
	extra := wide.words - narrow.words
	if extra <= 0 {
		return false
	}
	for at := range narrow.words {
		below := uint64(1)<<at - 1
		// A cell of text that takes so many words more moves the numbers behind it up by as many
		// places, and leaves those before it.
		if narrow.number&(1<<at) != 0 || narrow.number&below|narrow.number&^below<<extra != wide.number {
			continue
		}
		if alwaysTogether(rows, wide, at, at+extra) {
			return true
		}
	}
	return false
}

// alwaysTogether reports whether in rows of a shape each word in cells from at to end has always
// the same ones beside it.
func alwaysTogether(rows [][]byte, s shape, at, end int) bool {
	after, before := map[string]string{}, map[string]string{}
	for _, line := range rows {
		if !shapeOf(line).same(s) {
			continue
		}
		words := bytes.Fields(line)
		for i := at; i < end; i++ {
			a, b := strconv.Itoa(i)+string(words[i]), strconv.Itoa(i)+string(words[i+1])
			if w, ok := after[a]; ok && w != b {
				return false
			}
			if w, ok := before[b]; ok && w != a {
				return false
			}
			after[a], before[b] = b, a
		}
	}
	return true
}

// split splits a row into the cells of the shape that it has; ok is false if it has none. A row
// with words too many is split in each way that leaves its numbers where they belong, and the
// best is that whose other cells hold words seen there before. The cells hold until the next row
// is split.
func (r *rowShapes) split(line []byte) (cells [][]byte, s *rowShape, ok bool) {
	r.tokens, r.cells = syntax.Words(r.tokens[:0], line), r.cells[:0]
	tokens := r.tokens
	for _, k := range tokens {
		r.cells = append(r.cells, line[k.Start:k.End])
	}
	fields := r.cells
	for _, s := range r.shapes {
		if len(fields) == s.width && s.fits(fields) {
			s.learn(fields)
			return fields, s, true
		}
	}
	// The last cell is empty where a line ends in the blank before it.
	for _, s := range r.shapes {
		if n := len(fields); n == s.width-1 && s.mask&(1<<n) == 0 && n > 1 && bytes.HasSuffix(line, []byte(" ")) {
			if fields := append(fields, nil); s.fits(fields) {
				return fields, s, true
			}
		}
	}
	// A cell of text holds blanks: the one that leaves the others with words that they had before.
	best := -1
	for _, t := range r.shapes {
		extra := len(fields) - t.width
		if extra <= 0 || len(fields) > 2*widestRow {
			continue
		}
		for at := range t.width {
			if t.mask&(1<<at) != 0 {
				continue
			}
			merged := slices.Replace(slices.Clone(fields), at, at+extra+1, line[tokens[at].Start:tokens[at+extra].End])
			if !t.fits(merged) {
				continue
			}
			score := 0
			for i, c := range merged {
				// The other cells weigh more: the name with blanks may come for the first time.
				if i != at && t.known[i][string(c)] {
					score += 2
				}
				if i == at && t.known[i][string(c)] {
					score++
				}
			}
			if score > best {
				best, cells, s = score, merged, t
			}
		}
	}
	if s != nil {
		s.learn(cells)
	}
	return cells, s, s != nil
}

// fits reports whether the cells that are numbers in the shape are numbers.
func (s *rowShape) fits(cells [][]byte) bool {
	for i, c := range cells {
		if s.mask&(1<<i) != 0 && !isNumber(c) {
			return false
		}
	}
	return true
}

// learn remembers the words of a row's cells of text, up to a bound.
func (s *rowShape) learn(cells [][]byte) {
	for i, c := range cells {
		if s.mask&(1<<i) == 0 && len(s.known[i]) < mostWords && !s.known[i][string(c)] {
			s.known[i][string(c)] = true
		}
	}
}

// file appends the cells to a sheet: under the names that a heading gave them, or the first as
// column number first.
func (s *rowShape) file(to *sheet, cells [][]byte, first int) {
	for i, c := range cells {
		if s.names != nil {
			to.text(s.names[i], c)
		} else {
			to.text(cellName(first+i), c)
		}
	}
}

// cellName is the name of the nth cell of rows without a heading: c1, c2, and so on.
func cellName(n int) string {
	if n < len(cellNames) {
		return cellNames[n]
	}
	return "c" + strconv.Itoa(n)
}

// cellNames are those of the first cells, as they are asked for with each row.
var cellNames = func() (names [widestRow + 2]string) {
	for i := range names {
		names[i] = "c" + strconv.Itoa(i)
	}
	return names
}()
