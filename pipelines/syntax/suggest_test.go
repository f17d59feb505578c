package syntax

import (
	"math/rand/v2"
	"testing"
)

// distance counts edits; checked against its definition on random words.
func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"ab", "ba", 1}, {"resnet20", "resnet2O", 1}, {"kitten", "sitting", 3}, {"surfce", "surface", 1}} {
		if got := distance(tc.a, tc.b); got != tc.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		a, b := word(rng), word(rng)
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) || d < max(len(a), len(b))-min(len(a), len(b)) {
			t.Errorf("distance(%q, %q) = %d", a, b, d)
		}
	}
}

// TestDidYouMean: names are guessed by few edits, and by what they begin or end with.
func TestDidYouMean(t *testing.T) {
	allowed := []string{"lr", "points", "dataset", "train", "conv", "maxpool", "surface", "surface3d", "filled"}
	for _, tc := range []struct{ got, want string }{
		{"surfce", "surface"}, {"data", "dataset"}, {"conv2d", "conv"}, {"3d", "surface3d"}, {"learning_rate", "lr"}, {"learningRate", "lr"}, {"resolution", "points"}, {"weights", ""}, {"training", "train"}, {"x", ""}, {"optimizer", ""},
	} {
		t.Run(tc.got, func(t *testing.T) {
			want := ""
			if tc.want != "" {
				want = "; did you mean " + tc.want + "?"
			}
			if got := DidYouMean(tc.got, allowed); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func word(rng *rand.Rand) string {
	b := make([]byte, rng.IntN(8))
	for i := range b {
		b[i] = byte('a' + rng.IntN(3))
	}
	return string(b)
}
