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

func isLibxoJSON(head []byte) bool {
	names := topNames(head)
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

func isLibxoXML(head []byte) bool {
	return bytes.HasPrefix(head, []byte("<?xml")) || bytes.HasPrefix(head, []byte("<dtrace"))
}

// libxoJSON decodes what FreeBSD's dtrace writes with -x oformat=json.
func libxoJSON(d *decoder, cur *syntax.Cursor) {
	documents(d, cur, true, nil, func(num int, text []byte, v syntax.JSON) bool {
		before := d.filled()
		libxo(d, v)
		return d.filled() > before || len(v.Members) == 0
	})
}

// libxoXML decodes -x oformat=xml, which mirrors the JSON.
func libxoXML(d *decoder, cur *syntax.Cursor) {
	v, err := parseXML(cur.Rest())
	for !cur.Done() {
		from := cur.Offset()
		line, _ := cur.Next()
		if syntax.Blank(line) {
			d.account(classBlank, cur.Offset()-from)
		} else {
			d.account(classTable, cur.Offset()-from)
		}
	}
	if err != nil {
		d.notice(cur.Number()-1, "truncated", []byte(err.Error()), 0)
	}
	libxo(d, v)
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
		if rest := strings.TrimSpace(text); len(v.Members) > 0 && rest != "" {
			v.Names, v.Members = append(v.Names, "message"), append(v.Members, syntax.JSON{Kind: '"', Text: rest})
		}
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
			if before := strings.TrimSpace(text); before != "" && len(stack) > 0 {
				v := &stack[len(stack)-1]
				v.Names, v.Members = append(v.Names, "message"), append(v.Members, syntax.JSON{Kind: '"', Text: before})
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
func libxo(d *decoder, v syntax.JSON) {
	if v.Kind == '[' {
		for _, m := range v.Members {
			libxo(d, m)
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
				libxoProbe(d, p)
			}
		case "dtrace", "output":
			libxo(d, m)
		case "aggregation-data":
			for _, a := range elements(m) {
				libxoTuple(d, v.Get("aggregation-name").Text, a)
			}
		case "stack-frames", "ustack-frames":
			s := d.sheet("stacks", "stacks", "stacks")
			s.open("stack", Stack).appendStack(frameSymbols(m))
			s.end()
		case "type":
			libxoPrint(d, m)
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
func libxoProbe(d *decoder, p syntax.JSON) {
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
		case o.Kind == '"':
			payload = append(payload, o.Text)
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
			libxo(d, o)
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
func libxoTuple(d *decoder, name string, v syntax.JSON) {
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

// libxoPrint files what print() shows: a row of the members of one structure, and their
// types apart.
func libxoPrint(d *decoder, v syntax.JSON) {
	s, types := d.sheet("print", "print", "print"), d.sheet("members", "members", "types")
	some, typ := false, ""
	for _, m := range elements(v) {
		if m.Kind != '{' {
			continue
		}
		some = true
		name := m.Get("member-name").Text
		if name == "" {
			if typ = m.Get("name").Text; s.col("type", String).Len() == s.n {
				s.text("type", []byte(typ))
			}
		} else if c := s.col(name, String); c.Len() == s.n {
			c.appendString(m.Get("value").Text)
		}
		if types.first(typ + "\x00" + name + "\x00" + m.Get("name").Text) {
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
	}
	if some {
		s.end()
	}
}
