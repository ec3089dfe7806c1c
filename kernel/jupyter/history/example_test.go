package history_test

import (
	"fmt"
	"log"
	"os"

	"dtnotes/kernel/jupyter/history"
)

func ExampleStore_Find() {
	dir, err := os.MkdirTemp("", "history")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store := history.Open(dir, log.Printf)
	defer store.Close()
	store.Input(1, "capture := load()")
	store.Input(2, "model := learn(capture)")
	found, err := store.Find(history.Query{Access: "search", Pattern: "*model*"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range found {
		fmt.Println(e.Line, e.Source)
	}
	// Output: 2 model := learn(capture)
}
