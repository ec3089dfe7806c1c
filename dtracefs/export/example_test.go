package export_test

import (
	"bytes"
	"context"
	"fmt"
	"testing/fstest"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/export"
)

func ExampleArrow() {
	fsys := fstest.MapFS{"calls.txt": {Data: []byte("@[nginx]: 120\n@[php-fpm]: 80\n")}}
	capture, err := dtracefs.Load(context.Background(), fsys, "calls.txt", dtracefs.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	if err := export.Arrow(&file, capture.Tables[0]); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.6s\n", file.Bytes())
	// Output: ARROW1
}
