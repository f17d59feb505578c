package aten_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
)

// small is a program of a convolution, a ReLU, a flattening and a linear layer.
//
//go:embed testdata/small.json
var small string

func parse(t *testing.T, text string) *aten.Program {
	t.Helper()
	p, err := aten.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestEncode: what was parsed is encoded to bytes that parse to the same, and encode to the same.
func TestEncode(t *testing.T) {
	p := parse(t, small)
	first, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again := parse(t, string(first))
	if !reflect.DeepEqual(p, again) {
		t.Errorf("parsed again: %+v, want %+v", again, p)
	}
	second, err := again.Encode()
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("encoded again (%v):\n%s\nwant\n%s", err, second, first)
	}
}

// TestParseRefuses: what is wrong is said, with the operation and its place.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"no JSON", small, `{`, "not valid JSON"},
		{"text after it", small, small + "{}", "more text"},
		{"unknown field", `"output"`, `"exit"`, "exit"},
		{"unknown operation", `"op":"relu"`, `"op":"rellu"`, "operation 1, rellu in act: this operation is not supported; the nearest that are: relu"},
		{"unknown argument", `"padding"`, `"cushion"`, `operation 0, conv2d in conv: there is no argument "cushion"`},
		{"missing argument", `"weight":{"value":"w"},`, ``, `"weight" is missing`},
		{"argument of another kind", `{"ints":[1,1]}`, `{"text":"same"}`, `"padding" must be one list of integers`},
		{"argument of two kinds", `{"ints":[1,1]}`, `{"ints":[1,1],"int":1}`, `"padding" must be one`},
		{"value not set", `"self":{"value":"c"}`, `"self":{"value":"d"}`, `"d" is used before it is set`},
		{"value set twice", `"out":["r"]`, `"out":["c"]`, `"c" is set twice`},
		{"parameter twice", `"conv.bias"`, `"conv.weight"`, "given twice"},
		{"output not set", `"output":"y"`, `"output":"z"`, `"z" is not set`},
		{"negative shape", `[48,5]`, `[-48,5]`, "outside 1…"},
		{"huge shape", `[48,5]`, `[2000000000,2000000000,2000000000]`, "more than"},
		{"fixed batch", `"shape":[[0,1],2,4,4]`, `"shape":[3,2,4,4]`, "first axis must be the batch"},
		{"batch twice", `"shape":[[0,1],2,4,4]`, `"shape":[[0,1],[0,2],4,4]`, "beyond the first axis"},
		{"input of an unknown type", `"float32"`, `"complex64"`, "complex64"},
		{"short constant", `"ops"`, `"constants":[{"name":"k","type":"int64","shape":[2],"data":"AAAA"}],"ops"`, `constant "k": 3 bytes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(small, c.old, c.new, 1)
			if _, err := aten.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestUses: parameters are known by what consumes them, also through transpositions.
func TestUses(t *testing.T) {
	want := map[string][]aten.Consumer{
		"conv.weight": {{Use: aten.ConvolutionWeight, Op: 0, Outputs: []int{0}}},
		"conv.bias":   {{Use: aten.Bias, Op: 0}},
		"fc.weight":   {{Use: aten.LinearWeight, Op: 4, Outputs: []int{1}}},
	}
	if got := parse(t, small).Uses(); !reflect.DeepEqual(got, want) {
		t.Errorf("uses %+v, want %+v", got, want)
	}
}

// TestNumber: numbers that JSON has no form for survive.
func TestNumber(t *testing.T) {
	for _, text := range []string{"0.5", `"inf"`, `"-inf"`, `"nan"`} {
		var n aten.Number
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		if b, err := json.Marshal(n); err != nil || string(b) != text {
			t.Errorf("%s was written as %s (%v)", text, b, err)
		}
	}
}

// FuzzParse: whatever parses can be checked and encoded without panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	for _, op := range []string{
		`{"op":"avg_pool2d","args":{"self":{"value":"x"},"kernel_size":{"ints":[3,3]},"ceil_mode":{"flag":true}},"out":["y"]}`,
		`{"op":"slice","args":{"self":{"value":"x"},"dim":{"int":1},"start":{"int":-1},"end":{"int":9223372036854775807}},"out":["y"]}`,
		`{"op":"roll","args":{"self":{"value":"x"},"shifts":{"ints":[1]},"dims":{"ints":[-1]}},"out":["y"]}`,
		`{"op":"einsum","args":{"equation":{"text":"abcd,abcd->acd"},"tensors":{"values":["x","x"]}},"out":["y"]}`,
		`{"op":"upsample_bilinear2d","args":{"self":{"value":"x"},"output_size":{"ints":[7,7]},"align_corners":{"flag":true}},"out":["y"]}`,
		`{"op":"constant_pad_nd","args":{"self":{"value":"x"},"pad":{"ints":[-1,1]},"value":{"number":"-inf"}},"out":["y"]}`,
		`{"op":"index","args":{"self":{"value":"x"},"indices":{"values":["","k"]}},"out":["y"]}`,
	} {
		f.Add([]byte(`{"input":{"name":"x","type":"float32","shape":[[0,1],2,4,4]},"output":"y","params":[],"constants":[{"name":"k","type":"int64","shape":[1],"data":"AQAAAAAAAAA="}],"ops":[` + op + `]}`))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := aten.Parse(b)
		if err != nil {
			return
		}
		first, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := aten.Parse(first)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := again.Encode(); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("encoded as %s, then as %s (%v)", first, second, err)
		}
		if shapes, err := forward.Shapes(p, 2); err == nil {
			p.Cost(shapes)
			p.Uses()
		}
	})
}
