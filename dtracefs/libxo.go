package dtracefs

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// libxoNames are what objects of the structured output have as members.
var libxoNames = []string{"dtrace", "probes", "aggregation-data", "stack-frames", "ustack-frames", "message", "object-name", "output"}

// isLibxoJSON asks for the names of members that FreeBSD's output has. The head may be cut, so
// what can be read of it counts.
func isLibxoJSON(head []byte) bool {
	names := topNames(head)
	// What print() shows has only members of common names; the number of its type, which is of
	// CTF, is FreeBSD's alone.
	return slices.ContainsFunc(libxoNames, func(n string) bool { return slices.Contains(names, n) }) ||
		slices.Contains(names, "type") && bytes.Contains(head, []byte(`"ctfid"`))
}

// topNames returns the names of the members of the object that a text starts with.
func topNames(head []byte) []string {
	if len(head) == 0 || head[0] != '{' {
		return nil
	}
	v, _, _ := syntax.ParseExcerpt(head)
	return v.Names
}

// isLibxoXML asks how XML starts: no other tracer writes it.
func isLibxoXML(head []byte) bool {
	return bytes.HasPrefix(head, []byte("<?xml")) || bytes.HasPrefix(head, []byte("<dtrace"))
}

// libxoJSON decodes what FreeBSD's dtrace writes with -x oformat=json.
func libxoJSON(d *decoder, cur *syntax.Cursor) {
	documents(d, cur, true, nil, func(num int, text []byte, v syntax.JSON) bool {
		return libxo(d, v) || len(v.Members) == 0
	})
}

// libxoXML decodes -x oformat=xml, which mirrors the JSON: it is read as if it were that. An
// element has no end in a line, so the lines are booked all together, by whether anything in them
// was known.
func libxoXML(d *decoder, cur *syntax.Cursor) {
	// The rest is read without moving the cursor; the lines are gone through afterwards.
	v, err := parseXML(cur.Rest())
	known := libxo(d, v)
	for !cur.Done() {
		num, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		class := classTable
		switch {
		case syntax.Blank(line):
			class = classBlank
		case !known:
			class = classUnparsed
			d.unparsed(num, line)
		}
		d.account(class, cur.Offset()-from)
	}
	if err != nil {
		d.notice(cur.Number()-1, "truncated", []byte(err.Error()), 0)
	}
}

// deepestXML bounds how deep elements nest.
const deepestXML = 256

// parseXML reads elements and attributes as members: those that repeat are there several times.
// What came before an error is kept, as is text beside elements, which becomes a member called
// message.
func parseXML(data []byte) (syntax.JSON, error) {
	dec := xml.NewDecoder(bytes.NewReader(data))
	// Documentation shows excerpts, and captures are cut: elements without an end are closed
	// where those around them are.
	dec.Strict = false
	// The first of the stack is not an element: it takes what stands outside of all, of which
	// there may be several.
	stack, names := []syntax.JSON{{Kind: '{'}}, []string{""}
	text := ""
	add := func(name string, v syntax.JSON) {
		top := &stack[len(stack)-1]
		top.Names, top.Members = append(top.Names, name), append(top.Members, v)
	}
	message := func() {
		if t := strings.TrimSpace(text); t != "" {
			add("message", syntax.JSON{Kind: '"', Text: t})
		}
		text = ""
	}
	pop := func() {
		// Text of an element that has members, or attributes, stands beside them. That of an
		// element without any is its value.
		if len(stack[len(stack)-1].Members) > 0 {
			message()
		}
		v, name := stack[len(stack)-1], names[len(names)-1]
		// XML has no types. What is an integer becomes a number, as it is one in the JSON.
		if len(v.Members) == 0 {
			v = syntax.JSON{Kind: '"', Text: strings.TrimSpace(text)}
			if _, ok := syntax.Int([]byte(v.Text)); ok {
				v.Kind = '0'
			}
		}
		text = ""
		stack, names = stack[:len(stack)-1], names[:len(names)-1]
		add(name, v)
	}
	// What is open when the text ends or breaks is closed, so that all that was read counts.
	end := func(err error) (syntax.JSON, error) {
		for len(stack) > 1 {
			pop()
		}
		message()
		return stack[0], err
	}
	for {
		tok, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			return end(nil)
		case err != nil:
			return end(err)
		case len(stack) > deepestXML:
			return end(errors.New("elements nested too deeply"))
		}
		switch tok := tok.(type) {
		// Text that stands before an element belongs to the one around it.
		case xml.StartElement:
			message()
			stack, names = append(stack, syntax.JSON{Kind: '{'}), append(names, tok.Name.Local)
			for _, a := range tok.Attr {
				add(a.Name.Local, syntax.JSON{Kind: '"', Text: a.Value})
			}
		case xml.EndElement:
			if len(stack) > 1 {
				pop()
			}
		case xml.CharData:
			text += string(tok)
		// What a comment says is kept as well, as text.
		case xml.Comment:
			text += string(tok)
		}
	}
}

// libxo files an object of the structured output, and reports whether anything of it is known. The
// members of such an object that have no place in a table stand in one of their own.
func libxo(d *decoder, v syntax.JSON) bool {
	before := d.filled()
	r := libxoReader{d, map[*syntax.JSON]bool{}}
	r.object(v)
	// Nothing of it has a place in a table, so it is not this output at all. To file all its
	// values as others would make a table of any JSON.
	if d.filled() == before {
		return false
	}
	r.others("", v)
	return true
}

// A libxoReader files the structured output, and keeps which of its values it has filed. What is
// left over is found by it, whatever it is.
type libxoReader struct {
	*decoder
	filed map[*syntax.JSON]bool
}

// get returns a member to be filed, and notes that it is. JSON.Get only looks.
func (r libxoReader) get(v syntax.JSON, name string) syntax.JSON {
	for i, n := range v.Names {
		if n == name {
			r.filed[&v.Members[i]] = true
			return v.Members[i]
		}
	}
	return syntax.JSON{}
}

// text is the text of a member to be filed.
func (r libxoReader) text(v syntax.JSON, name string) string { return r.get(v, name).Text }

// others files the values that have no other place, each with the names that lead to it.
func (r libxoReader) others(path string, v syntax.JSON) {
	for i := range v.Members {
		m, at := &v.Members[i], path
		if v.Kind == '{' {
			at = strings.TrimPrefix(path+"."+v.Names[i], ".")
		}
		switch {
		case m.Kind == '{' || m.Kind == '[':
			r.others(at, *m)
		// An empty string in a list says nothing; as a member its name does. Dots of an excerpt
		// stand for values that were not printed.
		case !r.filed[m] && m.Kind != 'e' && m.Kind != 0 && (m.Text != "" || m.Kind != '"' || v.Kind == '{'):
			s := r.sheetFor("others", "others", "values")
			s.text("member", []byte(at))
			s.leaf("value", *m)
			s.end()
		}
	}
}

// object files what an object of the structured output holds, wherever it stands: the output
// nests in ways that depend on the version, and documentation shows parts of it.
func (r libxoReader) object(v syntax.JSON) {
	if v.Kind == '[' {
		for _, m := range v.Members {
			r.object(m)
		}
		return
	}
	for i, name := range v.Names {
		m := v.Members[i]
		switch name {
		case "probes":
			for _, p := range elements(m) {
				r.probe(p)
			}
		case "dtrace", "output":
			r.object(m)
		case "aggregation-data":
			for _, a := range elements(m) {
				r.tuple(r.text(v, "aggregation-name"), a)
			}
		case "stack-frames", "ustack-frames":
			s := r.sheetFor("stacks", "stacks", "stacks")
			s.open("stack", Stack).appendStack(r.frames(m))
			s.end()
		case "type":
			r.print(m)
		case "message", "value":
			// Text is one value. Whatever else has this name is left to the others.
			if m.Kind == '{' || m.Kind == '[' {
				continue
			}
			r.filed[&v.Members[i]] = true
			s := r.sheetFor("text", "text", "text")
			if name == "value" {
				s = r.sheetFor("values", "values", "values")
				s.text("value", []byte(m.Text))
			} else {
				s.text("text", []byte(m.Text))
			}
			s.end()
		}
	}
}

// elements are those of a list; one value stands for itself, as XML does not say whether there
// could be more.
func elements(v syntax.JSON) []syntax.JSON {
	if v.Kind == '[' {
		return v.Members
	}
	return []syntax.JSON{v}
}

// frames returns the symbols of a stack. Where a frame is something else, it goes to the others.
// A frame's module, name and offset are in its symbol already, if they are what the symbol says.
func (r libxoReader) frames(v syntax.JSON) []string {
	frames := []string{}
	for _, f := range elements(v) {
		if f.Kind != '{' {
			continue
		}
		symbol := r.text(f, "symbol")
		for _, part := range []string{"module", "name", "offset", "value"} {
			if m := f.Get(part); strings.Contains(symbol, m.Text) {
				r.get(f, part) // said by the symbol
			}
		}
		frames = append(frames, symbol)
	}
	return frames
}

// probe files a firing: an event, or the loss of some.
func (r libxoReader) probe(p syntax.JSON) {
	if p.Kind != '{' {
		return
	}
	// A member that is no number is left to the others.
	number := func(name string) (int64, bool) {
		n, ok := syntax.Int([]byte(p.Get(name).Text))
		if ok {
			r.get(p, name)
		}
		return n, ok
	}
	if p.Get("provider").Text == "dtrace" && p.Get("name").Text == "DROP" {
		for _, name := range []string{"provider", "module", "function", "name", "id"} {
			r.get(p, name) // of the probe that tells of drops
		}
		n, _ := number("count")
		number("total") // of the drops so far
		// FreeBSD reports a loss as a firing of a probe of its own, dtrace:INTERNAL::DROP.
		drop := Drop{Kind: r.text(p, "kind"), Count: n, Text: r.text(p, "msg")}
		// A CPU of -1 means that the loss is not of one of them.
		if cpu, ok := number("cpu"); ok && cpu >= 0 {
			c := int(cpu)
			drop.CPU = &c
		}
		r.c.Drops = append(r.c.Drops, drop)
		return
	}
	s := r.sheetFor("events", "events", "events")
	// The columns are made even if the first firing lacks one, so that they have one order in
	// every capture.
	for _, name := range []string{"timestamp", "cpu", "id"} {
		c := s.col(name, Int)
		if v, ok := number(name); ok {
			c.appendInt(v)
		}
	}
	for _, name := range []string{"provider", "module", "function", "name"} {
		s.text(name, []byte(r.text(p, name)))
	}
	var payload []string
	arg := 0
	for k, name := range p.Names {
		if name != "output" {
			continue
		}
		// A part of the list and not a copy: what is filed is known by its address in there. In
		// JSON there is one list of outputs, in XML a member for each.
		outputs := p.Members[k : k+1]
		if outputs[0].Kind == '[' {
			outputs = outputs[0].Members
		}
		for i, o := range outputs {
			switch {
			case o.Kind == '"':
				r.filed[&outputs[i]] = true
				// The texts of a firing are put together as they come: nothing was printed
				// between them.
				payload = append(payload, o.Text)
			case o.Get("message").Kind != 0:
				payload = append(payload, r.text(o, "message"))
			case o.Get("stack-frames").Kind != 0 || o.Get("ustack-frames").Kind != 0:
				f := o.Get("stack-frames")
				if f.Kind == 0 {
					f = o.Get("ustack-frames")
				}
				// A row has one stack. The frames of a second one are left to the others.
				if c := s.col("stack", Stack); c.Len() == s.n {
					c.appendStack(r.frames(f))
				}
			case o.Get("aggregation-data").Kind != 0, o.Get("type").Kind != 0:
				r.object(o)
			case o.Get("value").Kind != 0:
				// Values are numbered in the order in which they were traced, over all outputs
				// of the firing, so that trace(pid); trace(execname); are arg1 and arg2 of each
				// row.
				arg++
				s.col("arg"+strconv.Itoa(arg), String).appendString(r.text(o, "value"))
			case o.Kind == '{' && len(o.Members) > 0:
				// Anything else under its own name, once.
				if c := s.col(o.Names[0], String); c.typ == String && c.Len() == s.n {
					c.appendString(r.text(o, o.Names[0]))
				}
			}
		}
	}
	s.text("payload", []byte(strings.Join(payload, "")))
	s.end()
	s.inferred = true
}

// tuple files a tuple of an aggregation: its keys with a value or buckets. The value's member is
// called as the function is, so that any function can be read.
func (r libxoReader) tuple(name string, v syntax.JSON) {
	if v.Kind != '{' {
		return
	}
	if name == "" {
		name = "@"
	}
	// Keys are repeated in the rows of all buckets, so that each row says whose it is.
	row := func(s *sheet) {
		for k := range v.Names {
			if v.Names[k] != "keys" {
				continue
			}
			// As with outputs: a part of the list, whose addresses say what is filed.
			keys := v.Members[k : k+1]
			if keys[0].Kind == '[' {
				keys = keys[0].Members
			}
			for i := range keys {
				key := &keys[i]
				if key.Kind == '{' && len(key.Members) > 0 {
					key = &key.Members[0]
				}
				if key.Kind != 'e' && key.Kind != 0 {
					r.filed[key] = true
					s.mapKey("key"+strconv.Itoa(i+1), mapKey{text: key.Text})
				}
			}
			return
		}
	}
	if buckets := v.Get("buckets"); buckets.Kind != 0 {
		s := r.sheetFor("hist/"+name, name, "hist")
		// Labels say which values a bucket holds only all together (see [syntax.Labels]), so
		// they are gone through before the counts are.
		labels := []string{}
		for _, b := range elements(buckets) {
			if b.Kind == '{' {
				labels = append(labels, r.text(b, "value"))
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
			if n, ok := syntax.Int([]byte(b.Get("count").Text)); ok {
				r.get(b, "count")
				s.int("count", n, false)
			}
			s.end()
			i++
		}
		return
	}
	for i, n := range v.Names {
		if value, unsigned, ok := syntax.Int64([]byte(v.Members[i].Text)); ok && n != "keys" {
			r.filed[&v.Members[i]] = true
			s := r.sheetFor("agg/"+name, name, "agg")
			row(s)
			s.text("function", []byte(n))
			s.int("value", value, unsigned)
			s.end()
		}
	}
}

// print files what print() shows: a row of the members of one structure, and their types
// apart.
func (r libxoReader) print(v syntax.JSON) {
	s, types := r.sheetFor("print", "print", "print"), r.sheetFor("members", "members", "types")
	some, typ := false, ""
	for _, m := range elements(v) {
		if m.Kind != '{' {
			continue
		}
		some = true
		name := m.Get("member-name").Text
		if name == "" {
			if c := s.col("type", String); c.Len() == s.n {
				typ = r.text(m, "name")
				c.appendString(typ)
			}
		} else if c := s.col(name, String); c.Len() == s.n {
			c.appendString(r.text(m, "value"))
		}
		// The types of a structure are the same each time it is printed. They are filed once; a
		// byte that no name holds keeps the parts of the key apart.
		key := typ + "\x00" + name + "\x00" + m.Get("name").Text
		for _, n := range []string{"object-name", "ctfid"} {
			key += "\x00" + m.Get(n).Text
		}
		if types.first(key) {
			types.text("type", []byte(typ))
			types.text("member", []byte(name))
			types.text("member type", []byte(m.Get("name").Text))
			for _, n := range []string{"object-name", "ctfid"} {
				if v := m.Get(n); v.Kind != 0 {
					types.leaf(n, v)
				}
			}
			types.end()
		}
		for _, n := range []string{"member-name", "name", "object-name", "ctfid"} {
			r.get(m, n) // in this row or, the same, in one before
		}
	}
	if some {
		s.end()
	}
}
