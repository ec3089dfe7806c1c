package dtracefs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/script"
)

// bars are the columns of a distribution that tell the bar.
var bars = map[string]bool{"bucket": true, "bucket_low": true, "bucket_high": true, "upper": true}

// isAggregate reports whether a tracer's own aggregation printed the table: then all numbers
// before the last are keys. In a script's own rows they may be anything.
func isAggregate(t *Table) bool { return t.Kind == "agg" || t.Kind == "map" || t.Kind == KindActivity }

// gaugeWords are words in the names of columns that hold levels.
var gaugeWords = []string{"avg", "average", "mean", "median", "min", "max", "stddev", "std", "rss", "size", "vsz", "virt", "res", "shr",
	"free", "swpd", "buff", "cache", "load", "util", "temp", "lat", "latency", "await", "depth", "qlen", "wait", "idle", "mem", "memory", "level", "usage", "used"}

// isGaugeName reports whether a column is called as levels, means and rates are. It goes by whole
// words: "latency_us" is a level, "latches" is none.
func isGaugeName(name string) bool {
	low := strings.ToLower(name)
	// Shares, rates such as r/s, and percentiles such as p50, p95 and p99.
	if strings.Contains(low, "%") || strings.HasSuffix(low, "/s") || strings.HasPrefix(low, "p9") || strings.HasPrefix(low, "p5") {
		return true
	}
	for _, w := range strings.FieldsFunc(low, func(r rune) bool { return r < 'a' || r > 'z' }) {
		if slices.Contains(gaugeWords, w) {
			return true
		}
	}
	return false
}

// findValues finds the columns that hold what is counted, and for each what kind of value it is;
// a candidate without values is one of events, whose rows are counted. The order of trust is that
// of findKeys.
func (o MeasureOptions) findValues(c *candidate, s *script.Script) {
	if len(o.Value) > 0 {
		for _, name := range o.Value {
			col, ok := find(c.printed, name)
			if !ok {
				c.missing = "no column " + name
				return
			}
			if !numeric(col) {
				c.missing = fmt.Sprintf("column %s holds no numbers, but such as %q: say --value with one of %s",
					quoteName(col.Name), firstText(col), strings.Join(quoteNames(namesOf(slices.DeleteFunc(slices.Clone(c.printed), func(k *Column) bool { return !numeric(k) }))), ", "))
				return
			}
			c.values = append(c.values, col)
			c.as[col] = o.valueKind(c, col, s)
		}
		c.events = false
		return
	}
	if o.As == AsEvents {
		c.events = true
		return
	}
	if like := o.like(c.table); like != nil && c.table.Kind != "hist" && c.table.Kind != "stats" {
		var names []string
		for _, of := range like {
			names = append(names, of.Value)
		}
		// It was counted by rows.
		if names[0] == "" {
			c.events = true
			return
		}
		c.values = findLike(find, c.printed, names)
		if c.values != nil && !slices.ContainsFunc(c.values, func(v *Column) bool { return !numeric(v) || v == c.time }) {
			for _, v := range c.values {
				c.as[v] = o.valueKind(c, v, s)
			}
			return
		}
		c.values = nil
	}
	switch c.table.Kind {
	case "hist":
		if col := c.table.Column("count"); col != nil {
			c.values, c.as[col] = []*Column{col}, AsDistribution
			return
		}
	case "stats":
		if col := c.table.Column("count"); col != nil {
			c.values, c.as[col] = []*Column{col}, AsCount
			return
		}
	case "events", "calls":
		c.events = true
		return
	case "agg", "map", "tseries", KindActivity:
		if col := c.table.Column("value"); col != nil && numeric(col) {
			c.values = o.wide(c, col)
			for _, v := range c.values {
				c.as[v] = o.valueKind(c, v, s)
			}
			return
		}
		c.missing = "keys, but no number to count"
		return
	}
	c.values = o.likelyValues(c)
	if len(c.values) == 0 {
		c.events = true
		return
	}
	for _, v := range c.values {
		c.as[v] = o.valueKind(c, v, s)
	}
}

// numeric reports whether a column holds numbers. Times are none: nobody adds them.
func numeric(c *Column) bool { return c.typ == Int || c.typ == Float }

// wide are the values of an aggregation's table: where several aggregations were printed side by
// side, as by printa("%@d %@d"), DTrace's own print looks like integer keys. Those are values if
// what stands before them tells the rows of a block apart all by itself. For example, with bytes
// and calls side by side, where nothing but their behavior says that 4096 is no key:
//
//	nginx  4096  12
//	nginx  8192  15
func (o MeasureOptions) wide(c *candidate, value *Column) []*Column {
	values := []*Column{value}
	at := slices.Index(c.printed, value)
	// At least the first column stays a key. The decoder calls what it takes for keys key1, key2
	// and so on; a column with another name was told by a script, and is no value.
	for at > 1 && c.printed[at-1].typ == Int && c.printed[at-1] != c.time && !matches(findKey, o.By, c.printed, c.printed[at-1]) && strings.HasPrefix(c.printed[at-1].Name, "key") {
		at--
	}
	if c.table.Kind != "agg" || at == len(c.printed)-1 || at == 0 {
		return values
	}
	before, after := c.printed[:at], c.printed[at:]
	if slices.ContainsFunc(before, func(k *Column) bool { return k == c.time }) && len(before) == 1 {
		return values
	}
	if c.areValues(before, after) {
		return after
	}
	return values
}

// areValues reports whether columns of numbers beside each other are all values, and none but the
// last only a key. Each row is alone in its block by what stands before them, and of those that
// come again a quarter has had other numbers: a key, such as a file descriptor, would come again
// with them. Of many processes that idle few numbers change, which is why rows are not what is
// counted.
func (c *candidate) areValues(before, after []*Column) bool {
	block := c.blockOf()
	type came struct {
		rest          string
		again, varied bool
	}
	rows, seen, sources := 0, map[string]bool{}, map[string]*came{}
	for i := range min(c.table.NumRows(), lookRows) {
		key := rowKey(before, i)
		rows++
		seen[strconv.FormatInt(block(i), 10)+"\x00"+key] = true
		rest := rowKey(after[:len(after)-1], i)
		if old := sources[key]; old == nil {
			sources[key] = &came{rest: rest}
		} else {
			old.again, old.varied = true, old.varied || old.rest != rest
		}
	}
	again, varied := 0, 0
	for _, s := range sources {
		if s.again {
			again++
		}
		if s.varied {
			varied++
		}
	}
	return len(seen) == rows && varied*4 > again
}

// wideRow are the values of rows without a heading that end in the number last: with other numbers
// before it, these are values too if the columns before them tell the rows of a block apart. For
// example, with a process's number among the keys, as two processes have one name:
//
//	postgres  29795  4   4  0
//	postgres  29797  9  12  1
func (o MeasureOptions) wideRow(c *candidate, last *Column) []*Column {
	end := slices.Index(c.printed, last)
	first := end
	for first > 0 && numeric(c.printed[first-1]) && c.printed[first-1] != c.time && !matches(findKey, o.By, c.printed, c.printed[first-1]) {
		first--
	}
	// The most values are tried first: whatever can be a value is no key.
	for at := max(first, 1); at < end; at++ {
		before := c.printed[:at]
		if slices.ContainsFunc(before, func(k *Column) bool { return !numeric(k) && k != c.time }) && c.areValues(before, c.printed[at:end+1]) {
			return c.printed[at : end+1]
		}
	}
	return []*Column{last}
}

// rowKey is text that differs for rows whose cells in some columns differ.
func rowKey(columns []*Column, i int) string { return string(appendRowKey(nil, columns, i)) }

// appendRowKey is rowKey without memory of its own. Codes of words differ from batch to batch, the
// words do not. A column may be nil.
func appendRowKey(b []byte, columns []*Column, i int) []byte {
	for _, c := range columns {
		if c != nil {
			b = append(b, c.Text(i)...)
		}
		b = append(b, 0)
	}
	return b
}

// wordNumbers numbers the rows of a table from 0 to n-1 by the words that they have in some columns
// of text: rows of one number have the same words. So what depends on these words alone is worked
// out once for each number. n is 0 where another column is among them, a cell is null, or numbers
// would be many more than rows.
func wordNumbers(columns []*Column, rows int) (of func(i int) int, n int) {
	n = 1
	for _, c := range columns {
		if c == nil || c.typ != String || c.null != nil {
			return nil, 0
		}
		if n *= max(1, len(c.words.values)); n > rows {
			return nil, 0
		}
	}
	if len(columns) == 2 {
		a, b, width := columns[0].codes, columns[1].codes, len(columns[1].words.values)
		return func(i int) int { return int(a[i])*width + int(b[i]) }, n
	}
	return func(i int) int {
		number := 0
		for _, c := range columns {
			number = number*len(c.words.values) + int(c.codes[i])
		}
		return number
	}, n
}

// likelyValues are the columns of numbers in a table that no aggregation printed: those that are
// called as counts or levels are, or else the last number of a row, or the first. There are none in
// a log of events.
func (o MeasureOptions) likelyValues(c *candidate) []*Column {
	var numbers []*Column
	for _, col := range c.printed {
		dimension := DimensionOf(col.Name, nil) != ""
		if c.table.Kind == kindReport {
			dimension = col.role == roleKey || col.role == roleAside // %user is no user
		}
		// MIN beside MAJ is the second of a device's two numbers.
		marks := c.table.Kind == "table" && (isMarkName(col.Name) || col.Name == "MIN" && c.table.Column("MAJ") != nil)
		if numeric(col) && col != c.time && !dimension && !marks && !bars[col.Name] && !matches(findKey, o.By, c.printed, col) {
			numbers = append(numbers, col)
		}
	}
	if len(numbers) == 0 || c.isLog() {
		return nil
	}
	unnamed := strings.HasPrefix(c.printed[len(c.printed)-1].Name, "c") && positional(c.printed)
	if !unnamed {
		var named, counts []*Column
		things := false
		for _, col := range numbers {
			low := strings.ToLower(col.Name)
			if slices.Contains(countNames, low) {
				named = append(named, col)
			}
			things = things || slices.Contains(thingNames, low)
			if col.typ == Int && !isGaugeName(col.Name) {
				counts = append(counts, col)
			}
		}
		switch {
		case len(named) > 0:
			return named
		case things:
			return counts
		}
		return numbers
	}
	var texts, last int
	for i, col := range c.printed {
		if col != c.time {
			last = i
			if !numeric(col) {
				texts++
			}
		}
	}
	// Without a text, the numbers in front are the source if they tell the rows of a block apart,
	// as `0 12` and `1 15` of two CPUs.
	if texts == 0 {
		if last := len(numbers) - 1; last > 0 && c.tellsRows(numbers[:last]) {
			return numbers[last:]
		}
		return numbers // numbers side by side without a name for a source
	}
	pick := c.printed[last]
	if !numeric(pick) {
		// As in `12 nginx`, where the number comes first.
		if pick = c.firstData(); !numeric(pick) || pick == c.time {
			return nil
		}
	}
	// The number would be added up over rows that are events; each of them counts once.
	if c.repeats(pick) {
		return nil
	}
	if pick == c.printed[last] {
		return o.wideRow(c, pick)
	}
	return []*Column{pick}
}

// tellsRows reports whether columns of numbers tell apart the rows of a block, of which there are
// several, and come again in other blocks: those of CPUs or processes. Five rows for four blocks
// at least, as with one row each there is nothing to tell apart.
func (c *candidate) tellsRows(columns []*Column) bool {
	block := c.blockOf()
	inBlock, all, blocks := map[string]bool{}, map[string]bool{}, map[int64]bool{}
	n := min(c.table.NumRows(), lookRows)
	for i := range n {
		key := rowKey(columns, i)
		blocks[block(i)] = true
		inBlock[strconv.FormatInt(block(i), 10)+"\x00"+key] = true
		all[key] = true
	}
	return len(inBlock) == n && len(all) > 1 && 2*len(all) <= n && 4*n >= 5*len(blocks)
}

// positional reports whether columns have no names but c1, c2 and so on, as those of rows without
// a heading.
func positional(columns []*Column) bool {
	for _, c := range columns {
		if c.typ == Time && c.Name == "time" {
			continue // the clock that every row starts with
		}
		if len(c.Name) < 2 || c.Name[0] != 'c' {
			return false
		}
		if _, err := strconv.Atoi(c.Name[1:]); err != nil {
			return false
		}
	}
	return true
}

// firstData is the first column of a row that is not its time.
func (c *candidate) firstData() *Column {
	for _, col := range c.printed {
		if col != c.time {
			return col
		}
	}
	return c.printed[0]
}

// isLog reports whether rows have times of their own, nearly all different, as those of single
// events are. Fewer than four rows are not enough to say. A report of one row has a time of its own
// as well.
func (c *candidate) isLog() bool {
	if c.timing != byRow || c.table.Kind == kindReport {
		return false
	}
	block := c.blockOf()
	times := make([]int64, min(c.table.NumRows(), lookRows))
	for i := range times {
		times[i] = block(i)
	}
	return len(times) >= 4 && different(times)*2 > len(times)
}

// single reports whether rows are counted where they stand, as events are, and are not of the time
// since those before. Rows without a number of their own are events however many have one time, as
// by a clock of whole seconds.
func (c *candidate) single() bool {
	return c.isLog() || c.timing == byRow && (c.events || c.amounts())
}

// amounts reports whether counts and sums are those of events, and not of intervals: rows of one
// time are the same but for their values, and the times are none of a steady beat, in which a tool
// may list the same name several times.
func (c *candidate) amounts() bool {
	var rest []*Column
	for _, col := range c.printed {
		if col != c.time && !slices.Contains(c.values, col) {
			rest = append(rest, col)
		}
	}
	for _, v := range c.values {
		if as := c.as[v]; as != AsCount && as != AsSum {
			return false
		}
	}
	times, seen, rows := map[int64]bool{}, map[string]bool{}, 0
	for i := range min(c.table.NumRows(), lookRows) {
		if ns, ok := timeAt(c.time, i, c.unit); ok {
			times[ns], seen[strconv.FormatInt(ns, 10)+"\x00"+rowKey(rest, i)] = true, true
			rows++
		}
	}
	// That more than one row in a hundred comes again shows events, as an aggregation prints each
	// key once.
	return (rows-len(seen))*100 > rows && !beats(ascending(times, c.clock))
}

// repeats reports whether many rows of one time are the same but for the value, as those of
// events are and those of counts are not: an aggregation has each key once.
func (c *candidate) repeats(value *Column) bool {
	if c.timing != byRow {
		return false
	}
	var rest []*Column
	for _, col := range c.printed {
		if col != value && col != c.time {
			rest = append(rest, col)
		}
	}
	block := c.blockOf()
	n := min(c.table.NumRows(), lookRows)
	seen := map[string]bool{}
	for i := range n {
		seen[strconv.FormatInt(block(i), 10)+"\x00"+rowKey(rest, i)] = true
	}
	return len(seen)*3 < n*2
}

// valueKind says what a value is: what was counted before, then what the reader of a report
// knows, then what the user says, then the script's function, then whether it has a fraction or a
// name of levels. Counts that only grow are found later, by their values (see [Measure.totals]).
func (o MeasureOptions) valueKind(c *candidate, v *Column, s *script.Script) ValueKind {
	if as := o.likeAs(c.table, v.Name); as != "" && o.As == "" {
		if as == AsTotal {
			as = AsCount // until it is seen to grow
		}
		return as
	}
	if c.table.Kind == kindReport && o.As == "" {
		if v.role == roleCount {
			return AsCount
		}
		return AsGauge
	}
	if o.As != "" {
		return o.As
	}
	if s != nil {
		for _, a := range s.Aggregations {
			if a.Name == c.table.Name && (c.table.Kind == "agg" || c.table.Kind == "map") || c.table.Kind == "printf" && strings.TrimPrefix(a.Name, "@") == v.Name {
				switch a.Function {
				case "avg", "min", "max", "stddev":
					return AsGauge
				}
			}
		}
	}
	// Integers of a tracer's own aggregation are counts whatever their column is called, unless the
	// script says otherwise above.
	if v.typ == Float || isGaugeName(v.Name) && c.table.Kind != "agg" && c.table.Kind != "map" {
		return AsGauge
	}
	return AsCount
}
