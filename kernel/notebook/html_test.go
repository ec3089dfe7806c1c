package notebook

import "testing"

// An attachment in several types gives the same page each time.
func TestAttachmentOfSeveralTypes(t *testing.T) {
	for range 50 {
		got := attachmentURL(map[string]any{"image/svg+xml": "B", "image/png": "A", "image/jpeg": 1})
		if want := "data:image/png;base64,A"; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}
