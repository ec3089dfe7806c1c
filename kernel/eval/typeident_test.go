package eval

import (
	"image"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/goplus/ixgo"
)

// TestPackageMentionedFirst has a type of a package be met in another package before the import.
func TestPackageMentionedFirst(t *testing.T) {
	s := newSession(t)
	s.engine.builder.table.Loader.(*ixgo.TypesLoader).ToType(reflect.TypeFor[image.Image]())
	must(t, s, `display.Math("x").Text()`)
	must(t, s, "img := image.NewGray(image.Rect(0, 0, 3, 3)); display.Image(img)")
	if got, want := must(t, s, "var i image.Image = img; i.(*image.Gray).Bounds() == img.Rect"), "true :: bool"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if s.engine.packages.ctx.SourcePackage("image") != nil || s.engine.packages.ctx.SourcePackage("image/color") != nil {
		t.Error("a compiled-in package was loaded from source")
	}
}

// TestImportOrder imports all compiled-in packages in different orders; each has to be whole and
// one of a kind whatever has mentioned it before.
func TestImportOrder(t *testing.T) {
	paths := ixgo.PackageList()
	for seed := range uint64(3) {
		s := newSession(t)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
		for _, path := range paths {
			pkg, _ := ixgo.LookupPackage(path)
			if pkg.Source != "" || strings.Contains(path, "goplus") {
				continue
			}
			s.mu.Lock()
			p, err := s.engine.packages.importPackage(path)
			s.mu.Unlock()
			if err != nil {
				t.Errorf("import %s: %v", path, err)
				continue
			}
			for name := range pkg.Funcs {
				if p.Scope().Lookup(name) == nil {
					t.Errorf("%s has no %s", path, name)
				}
			}
			if s.engine.packages.ctx.SourcePackage(path) != nil {
				t.Errorf("%s was loaded from source", path)
			}
		}
	}
}
