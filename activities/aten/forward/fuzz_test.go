package forward

import (
	"maps"
	"math"
	"runtime"
	"slices"
	"testing"

	"lossatlas/activities/aten"
)

// draws takes choices from bytes.
type draws struct{ rest []byte }

func (d *draws) next(n int) int {
	if len(d.rest) == 0 {
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return int(b) % n
}

// sizes are integers that operations may meet.
var sizes = []int{0, 1, 2, 3, 4, -1, -2, -3, 5, 7, 8, 16, 1 << 16, 1 << 20, math.MaxInt32, math.MaxInt64, math.MinInt64}

func (d *draws) dim() aten.Dim {
	if d.next(8) == 7 {
		return aten.Dim{Fixed: d.next(3), Each: 1 + d.next(2)}
	}
	return aten.Dim{Fixed: sizes[d.next(len(sizes))]}
}

func (d *draws) list(n int) []aten.Dim {
	all := make([]aten.Dim, n)
	for i := range all {
		all[i] = d.dim()
	}
	return all
}

var (
	fuzzValues = []string{"x", "w", "v", "s", "i", "b"}
	fuzzTexts  = []string{"float32", "int64", "bool", "tanh", "same", "reflect", "floor", "ij,jk->ik", "abc,adc->bd"}
)

// arg is an argument of a kind.
func (d *draws) arg(kind string) aten.Arg {
	switch kind {
	case "tensor":
		return aten.Arg{Value: fuzzValues[d.next(len(fuzzValues))]}
	case "tensors":
		var all []string
		for range 1 + d.next(5) {
			all = append(all, fuzzValues[d.next(len(fuzzValues))])
		}
		return aten.Arg{Values: all}
	case "int":
		n := d.dim()
		return aten.Arg{Int: &n}
	case "ints":
		return aten.Arg{Ints: d.list(1 + d.next(4))}
	case "number":
		n := aten.Number([]float64{0, 1, -1, 0.5, 3, 1e300, math.Inf(1), math.NaN()}[d.next(8)])
		return aten.Arg{Number: &n}
	case "operand":
		return d.arg([]string{"tensor", "number", "int"}[d.next(3)])
	case "flag":
		on := d.next(2) == 1
		return aten.Arg{Flag: &on}
	}
	return aten.Arg{Text: fuzzTexts[d.next(len(fuzzTexts))]}
}

// program is one operation with drawn arguments.
func (d *draws) program() *aten.Program {
	names := aten.Operations()
	op := aten.Op{Name: names[(d.next(256)*256+d.next(256))%len(names)], Args: map[string]aten.Arg{}, Out: []string{"y"}}
	schema := aten.Schema(op.Name)
	for _, name := range slices.Sorted(maps.Keys(schema)) {
		if p := schema[name]; !p.Optional || d.next(2) == 1 {
			op.Args[name] = d.arg(p.Kind)
		}
	}
	return &aten.Program{
		Input: aten.Value{Name: "x", Type: "float32", Shape: []aten.Dim{{Each: 1}, {Fixed: 4}, {Fixed: 4}, {Fixed: 3}}}, Output: "y",
		Params: []aten.Tensor{{Name: "w", Value: "w", Shape: []int{4, 4, 3, 3}}, {Name: "v", Value: "v", Shape: []int{4, 3}}, {Name: "s", Value: "s", Shape: []int{4}}},
		Constants: []aten.Constant{
			{Name: "i", Type: "int64", Shape: []int{2}, Data: []byte{1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}},
			{Name: "b", Type: "bool", Shape: []int{4, 3}, Data: make([]byte, 12)},
		},
		Ops: []aten.Op{op},
	}
}

// FuzzOperations builds single operations with all kinds of arguments: what does
// not fit is an error, and nothing large is allocated.
func FuzzOperations(f *testing.F) {
	for i := range len(builders) {
		f.Add([]byte{byte(i >> 8), byte(i), 1, 2, 3, 1, 1, 2, 1, 1, 0, 1, 1, 1, 2})
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p := (&draws{b}).program()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Shapes(p, 2)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<30 {
			t.Errorf("%s allocated %d bytes (%v): %+v", p.Ops[0].Name, n, err, p.Ops[0].Args)
		}
	})
}
