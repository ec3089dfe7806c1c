package language_test

import (
	"fmt"

	"dtnotes/dtracefs/language"
)

func ExampleFind() {
	word, ok := language.Find("bpftrace", "count")
	fmt.Println(ok, word.Kind, word.Signature)
	// Output:
	// true aggregation count()
}

func ExampleSuggest() {
	fmt.Println(language.Suggest("dtrace", "exechame"))
	// Output:
	// [execname]
}
