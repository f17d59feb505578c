package weights

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKeras: the weights of a model are the same, under the same names, in all forms in which Keras saves them.
func TestKeras(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "keras.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][2]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	want := map[string]Tensor{}
	for name, parts := range all {
		w := Tensor{Name: name}
		if json.Unmarshal(parts[0], &w.Shape) != nil || json.Unmarshal(parts[1], &w.Data) != nil {
			t.Fatal(name)
		}
		want[name] = w
	}
	for _, file := range []string{"keras.keras", "keras.h5", "keras.weights.h5"} {
		list, err := State(filepath.Join("testdata", file), 10_000)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		got := map[string]Tensor{}
		for _, g := range list {
			got[g.Name] = g
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
	if _, err := State(filepath.Join("testdata", "keras.h5"), 10); err == nil {
		t.Error("a file with more numbers than allowed was read")
	}
}

// TestLayout: a kernel of Keras is brought to the order of PyTorch.
func TestLayout(t *testing.T) {
	l := Layout{Shape: []int{1, 2, 3, 2}, Perm: []int{3, 2, 0, 1}} // [height, width, inputs, outputs]
	got := l.ordered([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	if want := []float32{0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}; !cmp.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
