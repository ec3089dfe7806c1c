package dtracefs

import (
	"strings"
	"testing"
	"testing/fstest"
)

// mixed is a table with a column of every type and with nulls.
func mixed() *Table {
	s := newSheet("mixed", "test")
	for i := range 3 {
		s.col("time", Time).appendInt(1795376741117661993 + int64(i))
		s.text("name", []byte([]string{"a", "\xff,\"x\"\n", "a"}[i]))
		if i != 1 {
			s.int("n", int64(-i), false)
			s.col("f", Float).floats = append(s.col("f", Float).floats, 0.5*float64(i))
			s.col("b", Bool).appendInt(int64(i % 2))
			s.col("stack", Stack).appendStack([]string{"m`leaf+0x1", "m`root"}[:2-i/2])
		}
		s.int("u", -1, true)
		s.end()
	}
	return s.Table
}

func TestCSV(t *testing.T) {
	var b strings.Builder
	if err := mixed().WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	want := "time,name,n,f,b,stack,u\n" +
		"2026-11-22T19:45:41.117661993Z,a,0,0,false,m`leaf+0x1;m`root,18446744073709551615\n" +
		"2026-11-22T19:45:41.117661994Z,\"\\xff,\"\"x\"\"\n\",,,,,18446744073709551615\n" +
		"2026-11-22T19:45:41.117661995Z,a,-2,1,false,m`leaf+0x1,18446744073709551615\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestFolded(t *testing.T) {
	text := "\n  sh                                                \n              k`leaf+0x1\n              k`root+0x2\n                3\n" +
		"  sh                                                \n              k`leaf+0x9\n              k`root\n                4\n"
	c, err := Load(t.Context(), fstest.MapFS{"x": {Data: []byte(text)}}, "x", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Table("stacks").WriteFolded(&b); err != nil || b.String() != "sh;k`root;k`leaf 7\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	b.Reset()
	if err := mixed().WriteFolded(&b); err != nil || b.String() != "\\xff,\"x\"  1\na;m`leaf 1\na;m`root;m`leaf 1\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	// Keys stand before the root wherever they are printed and whatever the script calls them.
	for _, script := range []string{"-", "profile:hz:97 { @[ustack, comm] = count(); }"} {
		c, err := Load(t.Context(), fstest.MapFS{"x": {Data: []byte("@[\n    leaf+1\n    root+2\n, a;b]: 3\n")}}, "x", Options{Script: script})
		if err != nil {
			t.Fatal(err)
		}
		b.Reset()
		if err := c.Tables[0].WriteFolded(&b); err != nil || b.String() != "a:b;root;leaf 3\n" {
			t.Errorf("script %q: %q, %v", script, b.String(), err)
		}
	}
	if err := (&Table{}).WriteFolded(&b); err == nil {
		t.Error("no error for a table without stacks")
	}
}
