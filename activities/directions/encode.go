package directions

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/nets"
	"lossatlas/activities/npz"
	"lossatlas/activities/safetensors"
)

// axes prefix the tensors' names, one per direction.
var axes = []string{"x/", "y/"}

// Encode writes one or two directions as safetensors: tensors "x/<parameter>"
// of the first and "y/<parameter>" of the second, with metadata (nil for
// none). Equal input gives equal bytes.
func Encode(params []nets.Param, dirs [][]float32, meta map[string]string) ([]byte, error) {
	if len(dirs) < 1 || len(dirs) > len(axes) {
		return nil, fmt.Errorf("encode %d directions: a map has one or two", len(dirs))
	}
	var tensors []safetensors.Tensor
	for i, d := range dirs {
		if n := total(params); len(d) != n {
			return nil, fmt.Errorf("direction %s has %d numbers, the network %d", strings.TrimSuffix(axes[i], "/"), len(d), n)
		}
		for _, p := range params {
			tensors = append(tensors, safetensors.Tensor{Name: axes[i] + p.Name, Shape: p.Shape, Data: p.Of(d)})
		}
	}
	return safetensors.Encode(tensors, meta)
}

// Decode reads the one or two directions of a file, for the network whose
// parameters are given. It names every tensor that is missing, unknown or of
// another shape.
func Decode(params []nets.Param, b []byte) ([][]float32, error) {
	tensors, _, err := safetensors.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("directions: %w", err)
	}
	return gather(params, tensors)
}

// DecodeNPZ is Decode for an .npz file of float32 or float64 arrays.
func DecodeNPZ(params []nets.Param, b []byte) ([][]float32, error) {
	const most = 4 << 30 // bytes, unpacked: two directions in float64 of the largest network, several times
	arrays, err := npz.Decode(b, most)
	if err != nil {
		return nil, fmt.Errorf("directions: %w", err)
	}
	var tensors []safetensors.Tensor
	for _, a := range arrays {
		t := safetensors.Tensor{Name: a.Name, Shape: a.Shape}
		switch v := a.Data.(type) {
		case []float32:
			t.Data = v
		case []float64:
			for _, x := range v {
				t.Data = append(t.Data, float32(x))
			}
		default:
			return nil, fmt.Errorf("directions: %s does not hold floating-point numbers", a.Name)
		}
		tensors = append(tensors, t)
	}
	return gather(params, tensors)
}

// gather lays tensors out like θ.
func gather(params []nets.Param, tensors []safetensors.Tensor) ([][]float32, error) {
	found := make(map[string]safetensors.Tensor, len(tensors))
	wanted := 1
	for _, t := range tensors {
		found[t.Name] = t
		if strings.HasPrefix(t.Name, axes[1]) {
			wanted = 2
		}
	}
	var wrong []string
	dirs := make([][]float32, wanted)
	for i := range dirs {
		dirs[i] = make([]float32, total(params))
		for _, p := range params {
			name := axes[i] + p.Name
			t, ok := found[name]
			switch {
			case !ok:
				wrong = append(wrong, fmt.Sprintf("%s %v is missing", name, p.Shape))
			case !slices.Equal(t.Shape, p.Shape):
				wrong = append(wrong, fmt.Sprintf("%s has the shape %v, expected %v", name, t.Shape, p.Shape))
			default:
				copy(p.Of(dirs[i]), t.Data)
			}
			delete(found, name)
		}
	}
	for _, t := range tensors {
		if _, left := found[t.Name]; left {
			wrong = append(wrong, fmt.Sprintf("%s %v is not a parameter of the network", t.Name, t.Shape))
		}
	}
	if len(wrong) > 0 {
		const most = 8
		if n := len(wrong); n > most {
			wrong = append(wrong[:most], fmt.Sprintf("and %d more", n-most))
		}
		return nil, fmt.Errorf("directions don't fit the network: %s", strings.Join(wrong, "; "))
	}
	return dirs, nil
}

// withState is the table of θ followed by that of the running statistics.
func withState(params, state []nets.Param) []nets.Param {
	table := slices.Clone(params)
	n := total(params)
	for _, p := range state {
		p.Offset += n
		table = append(table, p)
	}
	return table
}

// EncodeWithState is Encode for directions along which the running statistics
// move too: moves[i] belongs to dirs[i].
func EncodeWithState(params, state []nets.Param, dirs, moves [][]float32, meta map[string]string) ([]byte, error) {
	joined := make([][]float32, len(dirs))
	for i := range dirs {
		if n := total(state); len(moves[i]) != n {
			return nil, fmt.Errorf("a direction has %d running statistics, the network %d", len(moves[i]), n)
		}
		joined[i] = slices.Concat(dirs[i], moves[i])
	}
	return Encode(withState(params, state), joined, meta)
}

// DecodeWithState is Decode for directions that may move the running statistics;
// moves is nil where they don't.
func DecodeWithState(params, state []nets.Param, b []byte) (dirs, moves [][]float32, err error) {
	tensors, _, err := safetensors.Decode(b)
	if err != nil {
		return nil, nil, fmt.Errorf("directions: %w", err)
	}
	moving := slices.ContainsFunc(tensors, func(t safetensors.Tensor) bool {
		return slices.ContainsFunc(state, func(p nets.Param) bool { return t.Name == axes[0]+p.Name })
	})
	if !moving {
		dirs, err = Decode(params, b)
		return dirs, nil, err
	}
	joined, err := Decode(withState(params, state), b)
	if err != nil {
		return nil, nil, err
	}
	for _, j := range joined {
		dirs, moves = append(dirs, j[:total(params)]), append(moves, j[total(params):])
	}
	return dirs, moves, nil
}
