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

// code is the number of an error; 0 if it has none. Its words would say the same, but change more
// often.
func code(e types.Error) int64 {
	if f := reflect.ValueOf(e).FieldByName("go116code"); f.IsValid() && f.CanInt() {
		return f.Int()
	}
	return 0
}

// IsUnused reports whether a variable or label is unused.
func IsUnused(e types.Error) bool { return code(e) == unusedVar || code(e) == unusedLabel }

// IsNoValue reports whether an expression has no value where one is wanted, such as the call of a
// function without results or the name of a builtin function.
func IsNoValue(e types.Error) bool { return code(e) == notAnExpr || code(e) == uncalledBuiltin }

// IsUndeclared reports whether nothing declares a name; the error stands at the name.
func IsUndeclared(e types.Error) bool { return code(e) == undeclaredName }

// IsMissingMember reports whether a name behind a dot is not there; the error stands at that
// name.
func IsMissingMember(e types.Error) bool {
	return code(e) == undeclaredImported || code(e) == missingMember
}

// IsUnexportedField reports whether a struct literal without keys gives a value to a field of
// another package.
func IsUnexportedField(e types.Error) bool { return code(e) == unexportedLitField }

// IsUninstantiated reports whether a generic function stands for a value.
func IsUninstantiated(e types.Error) bool {
	return code(e) == cannotInfer || code(e) == wrongTypeArgCount
}
