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

// Program has a program that was made of a notebook show as the notebook does: text goes to
// standard output, pictures to files in the folder figures of the current one, which then is
// folder, where the notebook's files are; an empty one changes nothing.
func Program(folder string) {
	// A program that asks for no context ends at its interrupt like any other.
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
