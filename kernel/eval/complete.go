package eval

import (
	"go/scanner"
	"go/token"
	"strings"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
)

// Complete implements cell.Evaluator.
func (s *Session) Complete(code string, pos int) cell.Completion {
	return cell.Completion{Start: pos, End: pos}
}

// Inspect implements cell.Evaluator.
func (s *Session) Inspect(code string, pos, detail int) (display.Bundle, bool) {
	return display.Bundle{}, false
}

// IsComplete implements cell.Evaluator.
func (s *Session) IsComplete(code string) (cell.Status, string) {
	var sc scanner.Scanner
	fset := token.NewFileSet()
	f := fset.AddFile("", -1, len(code))
	open := false // in a string or comment
	sc.Init(f, []byte(code), func(_ token.Position, msg string) { open = open || strings.Contains(msg, "not terminated") }, 0)
	depth := 0
	last := token.EOF
	for {
		_, tok, lit := sc.Scan()
		switch tok {
		case token.EOF:
			switch {
			case open && strings.Contains(code, "`"), open && strings.Contains(code, "/*"):
				return cell.Incomplete, ""
			case depth < 0:
				return cell.Invalid, ""
			case depth > 0:
				return cell.Incomplete, strings.Repeat("\t", depth)
			case goesOn(last):
				return cell.Incomplete, "\t"
			}
			if _, err := s.parse("cell", code); err != nil {
				return cell.Invalid, ""
			}
			return cell.Complete, ""
		case token.LPAREN, token.LBRACE, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			depth--
		}
		if tok != token.SEMICOLON || lit == ";" {
			last = tok
		}
	}
}

// goesOn tells the tokens after which a line cannot end.
func goesOn(t token.Token) bool {
	return t.IsOperator() && t.Precedence() > token.LowestPrec || t == token.ASSIGN || t == token.DEFINE || t == token.COMMA || t == token.PERIOD
}
