package dtracefs

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

func isLibxoJSON(head []byte) bool {
	if len(head) == 0 || head[0] != '{' {
		return false
	}
	for _, name := range []string{`"dtrace"`, `"probes"`, `"aggregation-data"`, `"stack-frames"`, `"ustack-frames"`, `"message"`, `"object-name"`, `"output"`} {
		if bytes.Contains(head, []byte(name)) {
			return true
		}
	}
	return false
}

func isLibxoXML(head []byte) bool {
	return bytes.HasPrefix(head, []byte("<?xml")) || bytes.HasPrefix(head, []byte("<dtrace"))
}

func isStatemap(head []byte) bool {
	return len(head) > 0 && head[0] == '{' && (bytes.Contains(head, []byte(`"states"`)) || bytes.Contains(head, []byte(`"entity"`))) &&
		(bytes.Contains(head, []byte(`"start"`)) || bytes.Contains(head, []byte(`"time"`)))
}

// documents hands the JSON texts of data, one after the other, to each. What lies between
// them and is none is unparsed, line by line. If lenient, excerpts as documentation shows
// them are read, and what a cut left of the last text counts as far as it goes. quick, if
// not nil, is offered each line first and takes those that it can read without ado.
func (d *decoder) documents(cur *syntax.Cursor, lenient bool, quick func(line []byte) bool, each func(num int, text []byte, v syntax.JSON) bool) {
	parse := syntax.ParseJSON
	if lenient {
		parse = syntax.ParseExcerpt
	}
	noDocument := 0
	for !cur.Done() {
		num, at := cur.Number(), cur.Offset()
		line := cur.Peek()
		if quick != nil && quick(line) {
			cur.Next()
			d.account(classTable, cur.Offset()-at)
			continue
		}
		if syntax.Blank(line) {
			cur.Next()
			d.account(classBlank, cur.Offset()-at)
			continue
		}
		if string(bytes.TrimSpace(line)) == "," || ellipsis.Match(line) {
			cur.Next()
			d.account(classTable, cur.Offset()-at)
			continue
		}
		if m, ok := syntax.ParseMessage(line); ok {
			cur.Next()
			d.account(classNotice, cur.Offset()-at)
			d.message(num, line, m)
			continue
		}
		text := line
		v, end, err := parse(line)
		if err != nil && end >= len(line) && at >= noDocument {
			text = cur.Rest()
			if v, end, err = parse(text); err != nil {
				noDocument = at + end
			}
			if err != nil && end >= len(text) && v.Kind != 0 {
				d.truncated(num)
				if lenient {
					err = nil
				}
			}
		}
		if err != nil || v.Kind != '{' && v.Kind != '[' {
			cur.Next()
			d.account(classUnparsed, cur.Offset()-at)
			d.unparsed(num, line)
			continue
		}
		stop := at + end
		ok := each(num, text[:end], v)
		d.skipTo(cur, stop, num, ok)
	}
	d.c.Lines = cur.Number() - 1
}

// skipTo books the lines up to offset stop. What stands after it on its line is taken for
// the next document if it is one.
func (d *decoder) skipTo(cur *syntax.Cursor, stop, num int, ok bool) {
	for !cur.Done() && cur.Offset() < stop {
		n, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		size := cur.Offset() - from
		switch {
		case syntax.Blank(line):
			d.account(classBlank, size)
		case ok:
			d.account(classTable, size)
		default:
			d.account(classUnparsed, size)
			d.unparsed(n, line)
		}
		if cur.Offset() < stop || from+len(line) <= stop {
			continue
		}
		// More documents may share the last line.
		rest := bytes.TrimSpace(line[stop-from:])
		if len(rest) > 0 && string(rest) != "," {
			d.notice(num, "trailing", rest, 0)
		}
	}
}

// libxoJSON decodes what FreeBSD's dtrace writes with -x oformat=json.
func (d *decoder) libxoJSON(data []byte) {
	d.documents(syntax.NewCursor(data), true, nil, func(num int, text []byte, v syntax.JSON) bool {
		d.libxo(v)
		return true
	})
}

// libxoXML decodes -x oformat=xml, which mirrors the JSON.
func (d *decoder) libxoXML(data []byte) {
	v, err := parseXML(data)
	cur := syntax.NewCursor(data)
	for !cur.Done() {
		from := cur.Offset()
		line, _ := cur.Next()
		if syntax.Blank(line) {
			d.account(classBlank, cur.Offset()-from)
		} else {
			d.account(classTable, cur.Offset()-from)
		}
	}
	d.c.Lines = cur.Number() - 1
	if err != nil {
		d.notice(d.c.Lines, "truncated", []byte(err.Error()), 0)
	}
	d.libxo(v)
}

// parseXML reads elements as members: those that repeat are lists.
func parseXML(data []byte) (syntax.JSON, error) {
	dec := xml.NewDecoder(bytes.NewReader(data))
	dec.Strict = false
	var stack []syntax.JSON
	var names []string
	root := syntax.JSON{Kind: '{'}
	text := ""
	pop := func() {
		v := stack[len(stack)-1]
		if len(v.Members) == 0 {
			v = syntax.JSON{Kind: '"', Text: strings.TrimSpace(text)}
			if _, ok := syntax.Int([]byte(v.Text)); ok {
				v.Kind = '0'
			}
		}
		name := names[len(names)-1]
		stack, names = stack[:len(stack)-1], names[:len(names)-1]
		parent := &root
		if len(stack) > 0 {
			parent = &stack[len(stack)-1]
		}
		parent.Names, parent.Members = append(parent.Names, name), append(parent.Members, v)
		text = ""
	}
	for {
		tok, err := dec.Token()
		if err != nil {
			for len(stack) > 0 {
				pop()
			}
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return root, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if len(stack) > 256 {
				return root, errors.New("elements nested too deeply")
			}
			stack, names, text = append(stack, syntax.JSON{Kind: '{'}), append(names, tok.Name.Local), ""
		case xml.EndElement:
			if len(stack) > 0 {
				pop()
			}
		case xml.CharData:
			text += string(tok)
		}
	}
}

// libxo files what an object of the structured output tells, wherever it stands.
func (d *decoder) libxo(v syntax.JSON) {
	if v.Kind == '[' {
		for _, m := range v.Members {
			d.libxo(m)
		}
		return
	}
	if v.Kind != '{' {
		return
	}
	for i, name := range v.Names {
		m := v.Members[i]
		switch name {
		case "probes":
			for _, p := range elements(m) {
				d.libxoProbe(p)
			}
		case "dtrace", "output":
			d.libxo(m)
		case "aggregation-data":
			for _, a := range elements(m) {
				d.libxoTuple(v.Get("aggregation-name").Text, a)
			}
		case "stack-frames", "ustack-frames":
			s := d.sheet("stacks", "stacks", "stacks")
			s.open("stack", Stack).appendStack(frameSymbols(m))
			s.end()
		case "type":
			d.libxoPrint(m)
		case "message":
			s := d.sheet("text", "text", "text")
			s.text("text", []byte(m.Text))
			s.end()
		case "value":
			s := d.sheet("values", "values", "values")
			s.text("value", []byte(m.Text))
			s.end()
		}
	}
}

func elements(v syntax.JSON) []syntax.JSON {
	if v.Kind == '[' {
		return v.Members
	}
	return []syntax.JSON{v}
}

func frameSymbols(v syntax.JSON) []string {
	frames := []string{}
	for _, f := range elements(v) {
		if f.Kind == '{' {
			frames = append(frames, f.Get("symbol").Text)
		}
	}
	return frames
}

// libxoProbe files a firing: an event, or the loss of some.
func (d *decoder) libxoProbe(p syntax.JSON) {
	if p.Kind != '{' {
		return
	}
	number := func(name string) (int64, bool) { return syntax.Int([]byte(p.Get(name).Text)) }
	if p.Get("provider").Text == "dtrace" && p.Get("name").Text == "DROP" {
		n, _ := number("count")
		drop := Drop{Kind: p.Get("kind").Text, Count: n, Text: p.Get("msg").Text}
		if cpu, ok := number("cpu"); ok && cpu >= 0 {
			c := int(cpu)
			drop.CPU = &c
		}
		d.c.Drops = append(d.c.Drops, drop)
		return
	}
	s := d.sheet("events", "events", "events")
	for _, name := range []string{"timestamp", "cpu", "id"} {
		c := s.col(name, Int)
		if v, ok := number(name); ok {
			c.appendInt(v)
		}
	}
	for _, name := range []string{"provider", "module", "function", "name"} {
		s.text(name, []byte(p.Get(name).Text))
	}
	var payload []string
	arg := 0
	output := p.Get("output")
	for _, o := range elements(output) {
		switch {
		case o.Get("message").Kind != 0:
			payload = append(payload, o.Get("message").Text)
		case o.Get("stack-frames").Kind != 0 || o.Get("ustack-frames").Kind != 0:
			f := o.Get("stack-frames")
			if f.Kind == 0 {
				f = o.Get("ustack-frames")
			}
			if c := s.col("stack", Stack); c.Len() == s.n {
				c.appendStack(frameSymbols(f))
			}
		case o.Get("aggregation-data").Kind != 0, o.Get("type").Kind != 0:
			d.libxo(o)
		case o.Kind == '{' && len(o.Members) > 0:
			arg++
			c := s.col("arg"+strconv.Itoa(arg), String)
			c.appendString(o.Members[0].Text)
		}
	}
	s.text("payload", []byte(strings.Join(payload, "")))
	s.end()
	d.inferred[s] = true
}

// libxoTuple files a tuple of an aggregation: its keys with a value or buckets.
func (d *decoder) libxoTuple(name string, v syntax.JSON) {
	if v.Kind != '{' {
		return
	}
	if name == "" {
		name = "@"
	}
	keys := v.Get("keys")
	row := func(s *sheet) {
		for i, k := range elements(keys) {
			if k.Kind == '{' && len(k.Members) > 0 {
				k = k.Members[0]
			}
			if k.Kind != 'e' && k.Kind != 0 {
				s.mapKey("key"+strconv.Itoa(i+1), mapKey{text: k.Text})
			}
		}
	}
	if buckets := v.Get("buckets"); buckets.Kind != 0 {
		s := d.sheet("hist/"+name, name, "hist")
		labels := []string{}
		for _, b := range elements(buckets) {
			if b.Kind == '{' {
				labels = append(labels, b.Get("value").Text)
			}
		}
		bounds, ok := syntax.Labels(labels)
		i := 0
		for _, b := range elements(buckets) {
			if b.Kind != '{' {
				continue
			}
			row(s)
			s.text("bucket", []byte(labels[i]))
			if ok {
				s.bucket(bounds[i])
			}
			n, _ := syntax.Int([]byte(b.Get("count").Text))
			s.int("count", n, false)
			s.end()
			i++
		}
		return
	}
	for i, n := range v.Names {
		if value, unsigned, ok := syntax.Int64([]byte(v.Members[i].Text)); ok && n != "keys" {
			s := d.sheet("agg/"+name, name, "agg")
			row(s)
			s.text("function", []byte(n))
			s.int("value", value, unsigned)
			s.end()
		}
	}
}

// libxoPrint files what print() shows: a row of the members of one structure.
func (d *decoder) libxoPrint(v syntax.JSON) {
	s := d.sheet("print", "print", "print")
	some := false
	for _, m := range elements(v) {
		if m.Kind != '{' {
			continue
		}
		some = true
		name := m.Get("member-name").Text
		if name == "" {
			if s.col("type", String).Len() == s.n {
				s.text("type", []byte(m.Get("name").Text))
			}
			continue
		}
		if c := s.col(name, String); c.Len() == s.n {
			c.appendString(m.Get("value").Text)
		}
	}
	if some {
		s.end()
	}
}

// statemap decodes the input of statemaps: an object about all, then one for each change
// of an entity's state.
func (d *decoder) statemap(data []byte) {
	d.documents(syntax.NewCursor(data), true, nil, func(num int, text []byte, v syntax.JSON) bool {
		switch {
		case v.Get("states").Kind != 0 && v.Get("time").Kind == 0:
			d.statemapHead(v)
		case v.Get("time").Kind != 0 && v.Get("entity").Kind != 0:
			d.statemapRow("states", "states", v)
		case v.Get("entity").Kind != 0:
			d.statemapRow("entities", "entities", v)
		case v.Kind == '{':
			return d.statemapRow("tags", "tags", v)
		default:
			return false
		}
		return true
	})
}

func (d *decoder) statemapHead(v syntax.JSON) {
	s := d.sheet("statemap", "statemap", "statemap")
	states := v.Get("states")
	for i, name := range v.Names {
		if m := v.Members[i]; m.Kind == '"' || m.Kind == '0' {
			s.text(name, []byte(m.Text))
		} else if name == "start" && len(m.Members) == 2 {
			sec, _ := syntax.Int([]byte(m.Members[0].Text))
			ns, _ := syntax.Int([]byte(m.Members[1].Text))
			s.open("start", Time).appendInt(sec*1e9 + ns)
		}
	}
	s.end()
	l := d.sheet("legend", "legend", "legend")
	for i, name := range states.Names {
		l.text("state", []byte(name))
		l.mapKey("value", mapKey{text: states.Members[i].Get("value").Text})
		l.text("color", []byte(states.Members[i].Get("color").Text))
		l.end()
	}
}

// statemapRow files an object as a row; false if it has no member that makes a cell.
func (d *decoder) statemapRow(key, name string, v syntax.JSON) bool {
	s := d.sheet(key, name, name)
	seen := map[string]bool{}
	for i, n := range v.Names {
		if m := v.Members[i]; !seen[n] && m.Kind != '{' && m.Kind != '[' {
			seen[n] = true
			s.text(n, []byte(m.Text))
		}
	}
	if len(seen) > 0 {
		s.end()
	}
	d.inferred[s] = true
	return len(seen) > 0
}
