//go:build amd64 || arm64 || loong64

package notebook_test

import (
	"context"
	"fmt"
	"strings"

	"dtnotes/kernel/eval"
	"dtnotes/kernel/notebook"
)

func ExampleNotebook_Execute() {
	nb, err := notebook.Parse([]byte(`{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
		{"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": null, "source": ["n := 6"]},
		{"cell_type": "code", "id": "b", "metadata": {}, "outputs": [], "execution_count": null, "source": ["n * 7"]}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := eval.New(eval.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var shown strings.Builder
	err = nb.Execute(context.Background(), session, notebook.Options{Echo: &shown})
	session.Close()
	fmt.Print(shown.String())
	fmt.Println(err)
	// Output:
	// 42
	// <nil>
}
