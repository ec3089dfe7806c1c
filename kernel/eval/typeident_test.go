package eval

import (
	"image"
	"reflect"
	"testing"

	"github.com/goplus/ixgo"
)

// TestPackageMentionedFirst has a type of a package be met in another package before the import.
func TestPackageMentionedFirst(t *testing.T) {
	s := newSession(t)
	s.table.Loader.(*ixgo.TypesLoader).ToType(reflect.TypeFor[image.Image]())
	must(t, s, `display.Math("x").Text()`)
	must(t, s, "img := image.NewGray(image.Rect(0, 0, 3, 3)); display.Image(img)")
	if got, want := must(t, s, "var i image.Image = img; i.(*image.Gray).Bounds() == img.Rect"), "true :: bool"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if s.ctx.SourcePackage("image") != nil || s.ctx.SourcePackage("image/color") != nil {
		t.Error("a compiled-in package was loaded from source")
	}
}
