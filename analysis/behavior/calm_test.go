package behavior_test

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"dtnotes/analysis/behavior"
)

// TestAlertsOnly holds that a report without the buckets outside of alerts has the same alerts,
// and of the buckets those that are in one.
func TestAlertsOnly(t *testing.T) {
	b := learn(t, server(t, 1, 300, nil))
	s := server(t, 2, 40_000, func(i int, counts map[string]float64) {
		if i%7000 > 6900 {
			counts["syscall db"] *= 40
		}
	})
	all, err := behavior.Score(t.Context(), b, s, behavior.ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	few, err := behavior.Score(context.Background(), b, s, behavior.ScoreOptions{AlertsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Alerts) < 3 || !reflect.DeepEqual(all.Alerts, few.Alerts) || all.String() != few.String() {
		t.Errorf("%d alerts, and %d without calm buckets", len(all.Alerts), len(few.Alerts))
	}
	want := slices.DeleteFunc(all.Buckets, func(v behavior.Verdict) bool { return !v.Alert })
	if !reflect.DeepEqual(want, few.Buckets) {
		t.Errorf("%d buckets of alerts instead of %d", len(few.Buckets), len(want))
	}
}
