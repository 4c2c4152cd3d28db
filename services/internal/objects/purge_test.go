package objects_test

import (
	"testing"

	"songshui.internal/services/internal/objects"
)

func TestPurge(t *testing.T) {
	t.Parallel()
	s, buckets := newStore(t)
	b := buckets.Originals()
	for _, key := range []string{"jilin/a", "jilin/ab"} {
		if _, err := s.Put(t.Context(), b, key, []byte(key), objects.Options{}); err != nil {
			t.Fatal(err)
		}
		if err := s.LegalHold(t.Context(), b, key, true); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time there is nothing
		if err := s.Purge(t.Context(), b, "jilin/a"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Stat(t.Context(), b, "jilin/a")
	want(t, "purged", err, objects.ErrNotFound)
	if held, err := s.Held(t.Context(), b, "jilin/ab"); err != nil || !held {
		t.Errorf("its neighbour: held %v, %v", held, err)
	}
}
