package fleet

import (
	"bytes"
	"testing"
)

func TestFleetIsTheSameEachTime(t *testing.T) {
	o := Fleet{Hosts: 10, Seconds: 30, Odd: "db-01"}
	if names := o.Names(); len(names) != 10 || names[0] != "web-01" || names[6] != "db-01" || names[9] != "batch-02" {
		t.Errorf("hosts %v", names)
	}
	for _, host := range o.Names() {
		var a, b bytes.Buffer
		if err := o.WriteHost(&a, host); err != nil {
			t.Fatal(err)
		}
		if err := o.WriteHost(&b, host); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) || bytes.Count(a.Bytes(), []byte("2026-")) != 30 {
			t.Errorf("%s differs from itself, or has not 30 seconds", host)
		}
		if odd := bytes.Contains(a.Bytes(), []byte("pg_dump")); odd != (host == "db-01") {
			t.Errorf("%s is odd: %v", host, odd)
		}
	}
	if err := o.WriteHost(&bytes.Buffer{}, "mail-01"); err == nil {
		t.Error("a role that is not known: no error")
	}
}
