// Command near tells whether two JSON files are the same but for the last digits of their numbers,
// as those are that processors of two kinds have computed:
//
//	go run ./.ci/near a.json b.json
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
)

// tolerance is how far numbers may lie apart, by their size or, if that is less than one, at all.
const tolerance = 1e-9

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: near a.json b.json")
		os.Exit(2)
	}
	var read [2]any
	for i, name := range os.Args[1:] {
		text, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(text, &read[i])
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(2)
		}
	}
	if why := differ(read[0], read[1], ""); why != "" {
		fmt.Fprintln(os.Stderr, why)
		os.Exit(1)
	}
}

// differ says where two values differ, and how.
func differ(a, b any, at string) string {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			break
		}
		for k, v := range x {
			if why := differ(v, y[k], at+"."+k); why != "" {
				return why
			}
		}
		return ""
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			break
		}
		for i, v := range x {
			if why := differ(v, y[i], fmt.Sprintf("%s[%d]", at, i)); why != "" {
				return why
			}
		}
		return ""
	case float64:
		if y, ok := b.(float64); ok && math.Abs(x-y) <= tolerance*max(1, math.Abs(x)) {
			return ""
		}
	default:
		if a == b {
			return ""
		}
	}
	return fmt.Sprintf("%s is %v, and %v", at, a, b)
}
