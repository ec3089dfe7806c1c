// Package display turns Go values into what a notebook shows.
package display

// Bundle is one thing to show in several forms: MIME type to content. Content is a string for text
// types, a []byte for binary types (encoded as base64 by whoever writes it out) and any JSON value
// for JSON types. A bundle that is shown always has "text/plain".
type Bundle struct {
	Data     map[string]any
	Metadata map[string]any // by MIME type; may be nil
}
