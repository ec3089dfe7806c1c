package display

import (
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// renderValue shows a value that has no form of its own. Slices of structs and of maps, and maps,
// are shown as tables, and everything else as text that names fields and types.
func renderValue(v any) Bundle {
	r := reflect.ValueOf(v)
	t, ok := records(r)
	if !ok {
		return textOnly(readable(v))
	}
	b := t.bundle()
	if r.Kind() == reflect.Map && t.names[0] == "" { // short enough in a line
		b.Data[MIMETypeText] = readable(v)
	}
	return b
}

// readable is Text with strings quoted inside other values, the names and types of structs, and the
// types of functions and channels.
func readable(v any) string {
	p := printer{limit: maxText, readable: true}
	p.value(reflect.ValueOf(v), 0)
	return clip(p.b.String(), maxText)
}

// typeName is a type as code of a cell writes it.
func typeName(t reflect.Type) string {
	if t.Kind() == reflect.Struct && t.Name() == "" {
		return "struct"
	}
	name := strings.ReplaceAll(t.String(), "interface {}", "any")
	return strings.ReplaceAll(name, "main.", "")
}

// showsFields reports whether a struct is shown by its fields, because it does not print itself.
func showsFields(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || t.NumField() == 0 {
		return false
	}
	for _, self := range []reflect.Type{reflect.TypeFor[fmt.Formatter](), reflect.TypeFor[fmt.Stringer](), reflect.TypeFor[error](), reflect.TypeFor[HTMLer](), reflect.TypeFor[SVGer](), reflect.TypeFor[PNGer]()} {
		if t.Implements(self) || reflect.PointerTo(t).Implements(self) {
			return false
		}
	}
	return true
}

// records makes a table of a slice or map, with a row for each element. It returns false if the
// value is neither.
func records(v reflect.Value) (*table, bool) {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		elem := v.Type().Elem()
		if elem.Kind() == reflect.Pointer {
			elem = elem.Elem()
		}
		if v.Len() == 0 || v.CanInterface() && formatsItself(v.Interface()) || !showsFields(elem) && !isRecordMap(v.Type().Elem()) {
			return nil, false
		}
		rows, hidden := window(v.Len(), maxRows, headRows, tailRows)
		t := &table{shape: plural(v.Len(), "element"), unit: "elements", labels: labels(rows), hidRows: hidden}
		var elems []reflect.Value
		for _, i := range rows {
			elems = append(elems, v.Index(i))
		}
		return t.fill(elems, elem)
	case reflect.Map:
		if v.Len() == 0 || v.CanInterface() && formatsItself(v.Interface()) {
			return nil, false
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, compareKeys)
		rows, hidden := window(len(keys), maxRows, headRows, tailRows)
		t := &table{shape: plural(v.Len(), "key"), unit: "keys", hidRows: hidden}
		var elems []reflect.Value
		for _, i := range rows {
			t.labels = append(t.labels, cellText(keys[i]))
			elems = append(elems, v.MapIndex(keys[i]))
		}
		elem := v.Type().Elem()
		if elem.Kind() == reflect.Pointer && showsFields(elem.Elem()) {
			elem = elem.Elem()
		}
		return t.fill(elems, elem)
	}
	return nil, false
}

// isRecordMap reports whether a map stands for a record: that is one with names as keys.
func isRecordMap(t reflect.Type) bool {
	return t.Kind() == reflect.Map && t.Key().Kind() == reflect.String
}

// fill gives a table its columns: fields of structs, keys of maps, or one for the values
// themselves.
func (t *table) fill(elems []reflect.Value, elem reflect.Type) (*table, bool) {
	var names, types []string
	var get []func(reflect.Value) reflect.Value
	switch {
	case showsFields(elem):
		for i := range elem.NumField() {
			f := elem.Field(i)
			// Types that cells declare are of package main. Their unexported fields are shown,
			// while those of libraries are not.
			if !f.IsExported() && f.PkgPath != "main" {
				continue
			}
			names, types = append(names, f.Name), append(types, typeName(f.Type))
			get = append(get, func(v reflect.Value) reflect.Value { return v.Field(i) })
		}
	case isRecordMap(elem):
		found := map[string]bool{}
		for _, e := range elems {
			for _, k := range e.MapKeys() {
				found[k.String()] = true
			}
		}
		for _, k := range slices.Sorted(maps.Keys(found)) {
			names = append(names, k)
			key := reflect.ValueOf(k).Convert(elem.Key())
			get = append(get, func(v reflect.Value) reflect.Value { return v.MapIndex(key) })
		}
	default:
		names, types = []string{""}, []string{typeName(elem)}
		get = append(get, func(v reflect.Value) reflect.Value { return v })
	}
	if len(names) == 0 {
		return nil, false
	}
	t.cells = make([][]string, len(elems))
	cols, hidden := window(len(names), maxCols, headCols, tailCols)
	t.hidCols = hidden
	for _, c := range cols {
		t.names = append(t.names, names[c])
		if types != nil {
			t.types = append(t.types, types[c])
		}
		values := make([]reflect.Value, len(elems))
		for i, e := range elems {
			if e.Kind() == reflect.Pointer {
				e = e.Elem()
			}
			if e.IsValid() {
				values[i] = get[c](e)
			}
		}
		cells, right := columnTexts(values)
		t.right = append(t.right, right)
		for i := range cells {
			t.cells[i] = append(t.cells[i], cells[i])
		}
	}
	return t, true
}

// columnTexts prints the values of one column; right says that they are numbers.
func columnTexts(values []reflect.Value) (texts []string, right bool) {
	right = true
	var floats []float64
	for i, v := range values {
		if v.IsValid() && v.Kind() == reflect.Interface {
			v = v.Elem()
			values[i] = v
		}
		plain := v.IsValid() && !(v.CanInterface() && formatsItself(v.Interface()))
		right = right && (!v.IsValid() || plain && (v.CanInt() || v.CanUint() || v.CanFloat()))
		if plain && v.CanFloat() {
			floats = append(floats, v.Float())
		}
	}
	// A column that holds only floats gets the same number of decimals throughout.
	if right && len(floats) == len(values) {
		return formatFloats(floats), true
	}
	for _, v := range values {
		texts = append(texts, cellText(v))
	}
	return texts, right
}

// cellText is a value in a cell of a table, where a string needs no quotes.
func cellText(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	p := printer{limit: 4 * maxCell, readable: true}
	p.value(v, 0)
	return p.b.String()
}

// maxListing is how many files of a folder are shown.
const maxListing = 200

// listing shows what is at the top of a file system.
func listing(fsys fs.FS) Bundle {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return renderError(fmt.Errorf("listing files: %w", err))
	}
	t := &table{shape: plural(len(entries), "file"), unit: "files", names: []string{"bytes"}, right: []bool{true}}
	rows, hidden := window(len(entries), maxListing, headRows, tailRows)
	t.hidRows = hidden
	for _, i := range rows {
		name, size := entries[i].Name(), ""
		if entries[i].IsDir() {
			name, size = name+"/", "folder"
		} else if info, err := entries[i].Info(); err == nil {
			size = count(int(info.Size()))
		}
		t.labels, t.cells = append(t.labels, name), append(t.cells, []string{size})
	}
	return t.bundle()
}
