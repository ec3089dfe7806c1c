package display

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
)

// Program makes a program that was made from a notebook show what the notebook shows: text goes to
// standard output, and pictures go to files in the folder figures of the current folder. It also
// changes the current folder to folder, where the notebook's files are; an empty folder changes
// nothing.
func Program(folder string) {
	// A program that never asks for a context ends at its interrupt like any other.
	SetContext(sync.OnceValue(func() context.Context {
		ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt)
		return ctx
	}))
	figures, err := filepath.Abs("figures")
	ExitIf(err)
	var mu sync.Mutex
	n := 0
	SetPublisher(func(b Bundle, id string, update bool) {
		mu.Lock()
		defer mu.Unlock()
		if text := b.Text(); text != "" && !update {
			fmt.Fprintln(os.Stdout, string(bytes.TrimSuffix([]byte(text), []byte("\n"))))
		}
		n++
		for mime, ending := range map[string]string{MIMETypePNG: ".png", MIMETypeSVG: ".svg", MIMETypeJPEG: ".jpg", MIMETypePDF: ".pdf"} {
			var content []byte
			switch c := b.Data[mime].(type) {
			case []byte:
				content = c
			case string:
				content = []byte(c)
			default:
				continue
			}
			ExitIf(os.MkdirAll(figures, 0o755))
			ExitIf(os.WriteFile(filepath.Join(figures, "figure-"+strconv.Itoa(n)+ending), content, 0o644))
		}
	})
	if folder != "" {
		ExitIf(os.Chdir(folder))
	}
}

// Result shows the values of an expression as a notebook shows those of a cell's last one.
func Result(values ...any) { publish(RenderResult(values...), "", false) }

// Values are the values of an expression, for Result.
func Values(values ...any) []any { return values }

// ResultOrExit is Result, or, if the last value is an error, ExitIf.
func ResultOrExit(values ...any) {
	if len(values) > 0 {
		if err, ok := values[len(values)-1].(error); ok {
			ExitIf(err)
		}
	}
	Result(values...)
}

// ExitIf ends the program with an error, if there is one.
func ExitIf(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
