package dtracefs

// An activity builds the table of who did how much of what over time. Its columns are
// appended to side by side.
type activity struct {
	table                     *Table
	time, kind, name, value   *Column
	stamp                     int64
	stamped                   bool // inside a block of entries under a stamp
	pending                   []byte
	pendingLine, pendingLines int
}

func newActivity() *activity {
	a := &activity{
		time: newColumn("time", Time), kind: newColumn("kind", String),
		name: newColumn("execname", String), value: newColumn("value", Int),
	}
	a.table = &Table{Name: "activity", Kind: KindActivity, Columns: []*Column{a.time, a.kind, a.name, a.value}}
	return a
}

func (a *activity) add(kind, name []byte, value int64) {
	a.time.ints = append(a.time.ints, a.stamp)
	a.kind.appendText(kind)
	a.name.appendText(name)
	a.value.ints = append(a.value.ints, value)
}
