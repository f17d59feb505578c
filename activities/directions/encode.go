package directions

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/nets"
	"lossatlas/activities/safetensors"
)

// axes prefix the tensors' names, one per direction.
var axes = []string{"x/", "y/"}

// Encode writes one or two directions as safetensors: tensors "x/<parameter>"
// of the first and "y/<parameter>" of the second, with metadata (may be
// nil). Equal input gives equal bytes.
func Encode(params []nets.Param, dirs [][]float32, meta map[string]string) ([]byte, error) {
	if len(dirs) < 1 || len(dirs) > len(axes) {
		return nil, fmt.Errorf("encode %d directions: a map has one or two", len(dirs))
	}
	var tensors []safetensors.Tensor
	for i, d := range dirs {
		if n := nets.Length(params); len(d) != n {
			return nil, fmt.Errorf("direction %s has %d numbers, the network %d", strings.TrimSuffix(axes[i], "/"), len(d), n)
		}
		for _, p := range params {
			tensors = append(tensors, safetensors.Tensor{Name: axes[i] + p.Name, Shape: p.Shape, Data: p.Of(d)})
		}
	}
	return safetensors.Encode(tensors, meta)
}

// Decode reads the one or two directions of a file that Encode wrote, for the
// network whose parameters are given. The error lists the names and shapes that
// differ from theirs.
func Decode(params []nets.Param, b []byte) ([][]float32, error) {
	tensors, _, err := safetensors.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("directions: %w", err)
	}
	tables := [][]nets.Param{prefixed(axes[0], params)}
	if slices.ContainsFunc(tensors, func(t safetensors.Tensor) bool { return strings.HasPrefix(t.Name, axes[1]) }) {
		tables = append(tables, prefixed(axes[1], params))
	}
	dirs, err := nets.Gather(tensors, tables...)
	if err != nil {
		return nil, fmt.Errorf("directions don't fit the network: %w", err)
	}
	return dirs, nil
}

// prefixed is a table with a prefix before all names.
func prefixed(prefix string, table []nets.Param) []nets.Param {
	table = slices.Clone(table)
	for i := range table {
		table[i].Name = prefix + table[i].Name
	}
	return table
}

// withState is the table of θ followed by that of the running statistics.
func withState(params, state []nets.Param) []nets.Param {
	table := slices.Clone(params)
	n := nets.Length(params)
	for _, p := range state {
		p.Offset += n
		table = append(table, p)
	}
	return table
}

// EncodeWithState is Encode for directions along which the running statistics
// move as well: moves[i] belongs to dirs[i].
func EncodeWithState(params, state []nets.Param, dirs, moves [][]float32, meta map[string]string) ([]byte, error) {
	joined := make([][]float32, len(dirs))
	for i := range dirs {
		if n := nets.Length(state); len(moves[i]) != n {
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
		dirs, moves = append(dirs, j[:nets.Length(params)]), append(moves, j[nets.Length(params):])
	}
	return dirs, moves, nil
}
