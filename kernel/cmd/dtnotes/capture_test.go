package main

import "testing"

// A matrix may hold a cell that is wrong, and cells that are missing. Names under each other are
// what a script printed.
func TestIsMatrix(t *testing.T) {
	for text, want := range map[string]bool{
		"time,nginx,sshd\n1,2,3\n2,3,4\n":                 true,
		"time,nginx,sshd\n1,x2,3\n2,3,4\n":                true,
		"time,nginx,sshd\n1,,3\n2,,4\n":                   true,
		"time,nginx,sshd\n1,NA,3\n2,-,4\n":                true,
		"time,nginx,sshd\n":                               true,
		"time,execname,calls,bytes\n1,a,3,4\n1,b,4,5\n":   false,
		"1,a,3,4\n1,b,4,5\n1,c,4,5\n":                     false,
		"time,calls,execname\n1,3,web server\n1,4,cron\n": false,
	} {
		inFolder(t, map[string]string{"a.csv": text})
		if got := isMatrix("a.csv"); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
