package nets

import (
	"encoding/json"
	"reflect"
	"testing"

	"lossatlas/activities/aten"
)

// TestFiltersOfPrograms: roles and filters of parameters follow from what reads them.
func TestFiltersOfPrograms(t *testing.T) {
	type want struct {
		role    Role
		filters int
		first   []int // the elements of the first filter
	}
	for name, c := range map[string]struct {
		shape []int
		ops   string // from the parameter w and the input x to y
		want
	}{
		"linear":                     {[]int{2, 3}, `{"op":"linear","args":{"input":{"value":"x"},"weight":{"value":"w"}},"out":["y"]}`, want{Linear, 2, []int{0, 1, 2}}},
		"x·W":                        {[]int{3, 2}, `{"op":"matmul","args":{"self":{"value":"x"},"other":{"value":"w"}},"out":["y"]}`, want{Linear, 2, []int{0, 2, 4}}},
		"W·x":                        {[]int{2, 3}, `{"op":"mm","args":{"self":{"value":"w"},"mat2":{"value":"x"}},"out":["y"]}`, want{Linear, 2, []int{0, 1, 2}}},
		"addmm of the transposed":    {[]int{2, 3}, `{"op":"permute","args":{"self":{"value":"w"},"dims":{"ints":[1,0]}},"out":["t"]},{"op":"mm","args":{"self":{"value":"x"},"mat2":{"value":"t"}},"out":["y"]}`, want{Linear, 2, []int{0, 1, 2}}},
		"heads of a Keras attention": {[]int{3, 2, 2}, `{"op":"view","args":{"self":{"value":"w"},"size":{"ints":[3,-1]}},"out":["t"]},{"op":"mm","args":{"self":{"value":"x"},"mat2":{"value":"t"}},"out":["y"]}`, want{Linear, 4, []int{0, 4, 8}}},
		"einsum":                     {[]int{3, 2, 2}, `{"op":"einsum","args":{"equation":{"text":"bc, chd -> bhd"},"tensors":{"values":["x","w"]}},"out":["y"]}`, want{Linear, 4, []int{0, 4, 8}}},
		"transposed convolution in groups": {[]int{4, 3, 1, 1}, `{"op":"conv_transpose2d","args":{"input":{"value":"x"},"weight":{"value":"w"},"groups":{"int":2}},"out":["y"]}`,
			want{Conv, 6, []int{0, 3}}},
		"convolution in groups":        {[]int{4, 1, 1, 2}, `{"op":"conv2d","args":{"input":{"value":"x"},"weight":{"value":"w"},"groups":{"int":2}},"out":["y"]}`, want{Conv, 4, []int{0, 1}}},
		"embedding":                    {[]int{5, 2}, `{"op":"embedding","args":{"weight":{"value":"w"},"indices":{"value":"x"}},"out":["y"]}`, want{Embedding, 5, []int{0, 1}}},
		"scale of images":              {[]int{2, 2}, `{"op":"layer_norm","args":{"input":{"value":"x"},"normalized_shape":{"ints":[2,2]},"weight":{"value":"w"}},"out":["y"]}`, want{BNScale, 0, nil}},
		"shift of images":              {[]int{2, 2}, `{"op":"layer_norm","args":{"input":{"value":"x"},"normalized_shape":{"ints":[2,2]},"bias":{"value":"w"}},"out":["y"]}`, want{BNShift, 0, nil}},
		"bias of two axes":             {[]int{1, 2}, `{"op":"addmm","args":{"self":{"value":"w"},"mat1":{"value":"x"},"mat2":{"value":"x"}},"out":["y"]}`, want{Bias, 0, nil}},
		"positions":                    {[]int{1, 3, 2}, `{"op":"add","args":{"self":{"value":"x"},"other":{"value":"w"}},"out":["y"]}`, want{Linear, 3, []int{0, 1}}},
		"weights that were cut in two": {[]int{4, 3}, `{"op":"slice","args":{"self":{"value":"w"},"end":{"int":2}},"out":["t"]},{"op":"linear","args":{"input":{"value":"x"},"weight":{"value":"t"}},"out":["y"]}`, want{Linear, 4, []int{0, 1, 2}}},
	} {
		shape, _ := json.Marshal(c.shape)
		p, err := aten.Parse([]byte(`{"input":{"name":"x","type":"float32","shape":[[0,1],3]},"output":"y","params":[{"name":"w","value":"w","shape":` + string(shape) + `}],"ops":[` + c.ops + `]}`))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		params, _ := TensorsOf(p)
		n, order := params[0].Filters()
		first := order
		if n > 0 {
			for i := 0; order == nil && i < params[0].Size; i++ {
				first = append(first, i)
			}
			first = first[:params[0].Size/n]
		}
		if params[0].Role != c.role || n != c.filters || !reflect.DeepEqual(first, c.first) {
			t.Errorf("%s: %v with %d filters, of which the first is %v; want %v, %d, %v", name, params[0].Role, n, first, c.role, c.filters, c.first)
		}
	}
}
