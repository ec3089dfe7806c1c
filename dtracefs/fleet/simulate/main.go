// Command simulate writes captures of a fleet of hosts, a folder for each, or that of one host to
// standard output:
//
//	go run ./dtracefs/fleet/simulate -hosts 40 -seconds 600 -odd web-07 captures
//	go run ./dtracefs/fleet/simulate -hosts 40 -seconds 600 -host db-01 -
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"dtnotes/dtracefs/fleet"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "simulate:", err)
		}
		os.Exit(2)
	}
}

func run(args []string) error {
	var o fleet.Fleet
	f := flag.NewFlagSet("simulate", flag.ContinueOnError)
	f.IntVar(&o.Hosts, "hosts", 40, "how many")
	f.IntVar(&o.Seconds, "seconds", 600, "how long each is recorded")
	f.Uint64Var(&o.Seed, "seed", 1, "another seed gives another fleet")
	f.StringVar(&o.Odd, "odd", "", "the `HOST` that misbehaves")
	host := f.String("host", "", "write this `HOST` alone, to standard output")
	from := f.String("from", "2026-03-01T10:00:00Z", "the first second")
	if err := f.Parse(args); err != nil {
		return err
	}
	var err error
	if o.Start, err = time.Parse(time.RFC3339, *from); err != nil {
		return err
	}
	if *host != "" {
		return o.WriteHost(os.Stdout, *host)
	}
	if f.NArg() != 1 {
		return errors.New("say the folder to write to")
	}
	return o.WriteFolder(f.Arg(0))
}
