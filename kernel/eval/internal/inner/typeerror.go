package inner

import (
	"go/types"
	"reflect"
)

// The numbers that go/types gives its errors, as package internal/types/errors has them.
const (
	notAnExpr          = 41
	unexportedLitField = 68
	undeclaredImported = 73
	undeclaredName     = 75
	missingMember      = 76
	uncalledBuiltin    = 82
	unusedVar          = 101
	unusedLabel        = 122
	wrongTypeArgCount  = 137
	cannotInfer        = 138
)

func code(e types.Error) int64 {
	if f := reflect.ValueOf(e).FieldByName("go116code"); f.IsValid() && f.CanInt() {
		return f.Int()
	}
	return 0
}

// IsUnused tells the error of a variable or label that nothing uses.
func IsUnused(e types.Error) bool { return code(e) == unusedVar || code(e) == unusedLabel }

// IsNoValue tells the error of an expression that has no value where one is wanted, such as the call
// of a function without results or the name of a builtin function.
func IsNoValue(e types.Error) bool { return code(e) == notAnExpr || code(e) == uncalledBuiltin }

// IsUndeclared tells the error of a name that nothing declares; it stands at the name.
func IsUndeclared(e types.Error) bool { return code(e) == undeclaredName }

// IsMissingMember tells the error of a name behind a dot that is not there; it stands at that name.
func IsMissingMember(e types.Error) bool {
	return code(e) == undeclaredImported || code(e) == missingMember
}

// IsUnexportedField tells the error of a struct literal without keys that gives a value to a field of
// another package.
func IsUnexportedField(e types.Error) bool { return code(e) == unexportedLitField }

// IsUninstantiated tells the error of a generic function that stands for a value.
func IsUninstantiated(e types.Error) bool {
	return code(e) == cannotInfer || code(e) == wrongTypeArgCount
}
