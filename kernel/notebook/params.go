package notebook

import (
	"fmt"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// SetParameters gives variables other values than the notebook does: after the cell tagged
// "parameters" it puts a cell, tagged "injected-parameters", that assigns them. Each parameter is
// NAME=VALUE. A value that is a Go expression is used as it is (5, 1.5, true, "text", []int{1, 2}),
// and any other text is taken as a string. A cell that was injected before is replaced.
func (nb *Notebook) SetParameters(params []string) error {
	var code strings.Builder
	for _, p := range params {
		name, value, ok := strings.Cut(p, "=")
		if !ok || !token.IsIdentifier(name) {
			return fmt.Errorf("parameter %q is not NAME=VALUE", p)
		}
		fmt.Fprintf(&code, "%s = %s\n", name, literal(value))
	}
	nb.Cells = slices.DeleteFunc(nb.Cells, func(c *Cell) bool { return c.Tagged("injected-parameters") })
	i := slices.IndexFunc(nb.Cells, func(c *Cell) bool { return c.Type == "code" && c.Tagged("parameters") })
	if i < 0 {
		return fmt.Errorf("no code cell is tagged \"parameters\", so there is nothing to set: tag the cell that declares them")
	}
	nb.Cells = slices.Insert(nb.Cells, i+1, &Cell{
		ID: "injected-parameters", Type: "code", Source: strings.TrimSuffix(code.String(), "\n"),
		Metadata: map[string]any{"tags": []any{"injected-parameters"}},
	})
	return nil
}

// literal returns a value as a Go expression: as it is if it is one, or else quoted as text. A bare
// word could be either: only the predeclared constants are taken as names.
func literal(value string) string {
	if token.IsIdentifier(value) && !slices.Contains([]string{"true", "false", "nil"}, value) {
		return strconv.Quote(value)
	}
	if _, err := parser.ParseExpr(value); err != nil {
		return strconv.Quote(value)
	}
	return value
}
