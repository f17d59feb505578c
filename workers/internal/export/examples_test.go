package export_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/npz"
	"lossatlas/activities/problem"
	"lossatlas/workers/internal/export"
)

// TestExamples: images come out normalized with their channels first, numbers and indices in their order, classes and targets as they are.
func TestExamples(t *testing.T) {
	floats := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, math.Float32bits(3)), math.Float32bits(-1))
	for name, c := range map[string]struct {
		split  data.Split
		x, y   any
		xs, ys []int
	}{
		"images": {data.Split{Problem: problem.Problem{Shape: []int{1, 2, 3}, Type: problem.Uint8, Mean: []float64{1, 2, 3}, Deviation: []float64{1, 2, 4}, Outputs: 10, Loss: problem.CrossEntropy},
			Examples: []byte{1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16}, Classes: []int32{7, 9}},
			[]float32{0, 3, 0, 1.5, 0, .75, 10, 13, 5, 6.5, 2.5, 3.25}, []int64{7, 9}, []int{2, 3, 1, 2}, []int{2}},
		"channels first": {data.Split{Problem: problem.Problem{Shape: []int{2, 1, 2}, ChannelsFirst: true, Type: problem.Uint8, Mean: []float64{1, 2}, Deviation: []float64{1, 2}, Outputs: 10, Loss: problem.CrossEntropy},
			Examples: []byte{1, 2, 3, 4}, Classes: []int32{1}},
			[]float32{0, 1, .5, 1}, []int64{1}, []int{1, 2, 1, 2}, []int{1}},
		"features": {data.Split{Problem: problem.Problem{Shape: []int{2}, Type: problem.Float32, Mean: []float64{1}, Deviation: []float64{2}, Outputs: 1, Loss: problem.MeanSquaredError},
			Examples: floats, Targets: []float32{.5}},
			[]float32{1, -1}, []float32{.5}, []int{1, 2}, []int{1, 1}},
		"sequences": {data.Split{Problem: problem.Problem{Shape: []int{2}, Type: problem.Int32, Labels: []int{2}, Outputs: 5, Loss: problem.CrossEntropy},
			Examples: []byte{1, 0, 0, 0, 255, 255, 255, 255}, Classes: []int32{2, 4}},
			[]int64{1, -1}, []int64{2, 4}, []int{1, 2}, []int{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := export.Examples(c.split, json.RawMessage(`{"data": 1}`))
			if err != nil {
				t.Fatal(err)
			}
			arrays, err := npz.Decode(b, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			want := []npz.Array{{Name: "x", Shape: c.xs, Data: c.x}, {Name: "y", Shape: c.ys, Data: c.y}}
			if got := arrays[:2]; !reflect.DeepEqual(got, want) {
				t.Errorf("the arrays are %v, want %v", got, want)
			}
		})
	}
}

// TestExamplesTooMany: what would not fit into memory is refused before it is read.
func TestExamplesTooMany(t *testing.T) {
	s := data.Split{Problem: problem.Problem{Shape: []int{1 << 20}, Type: problem.Uint8, Outputs: 2, Loss: problem.CrossEntropy}, Classes: make([]int32, 1<<9)}
	if _, err := export.Examples(s, nil); err == nil || !strings.Contains(err.Error(), "choose fewer") {
		t.Errorf("512 examples of a million numbers: %v", err)
	}
}
