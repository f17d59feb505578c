package pt2

import (
	"encoding/json"
	"strings"
	"testing"

	"lossatlas/activities/aten"
)

func resolve(text string) (aten.Dim, error) {
	var v symInt
	b, err := json.Marshal(map[string]any{"as_expr": map[string]string{"expr_str": text}})
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		return aten.Dim{}, err
	}
	return symbols{batch: "s0"}.resolve(v)
}

// TestResolve: sizes are read as SymPy writes them, briefly and in full.
func TestResolve(t *testing.T) {
	for text, want := range map[string]aten.Dim{
		"s0":                          {Each: 1},
		"17*s0 + 1":                   {Each: 17, Fixed: 1},
		"4*(2*s0 - 3)//2":             {Each: 4, Fixed: -6},
		"-s0 + 5":                     {Each: -1, Fixed: 5},
		"Symbol('s0', positive=True)": {Each: 1},
		"Add(Integer(1), Mul(Integer(3), Symbol('s0', positive=True, integer=True)))": {Each: 3, Fixed: 1},
		"FloorDiv(Mul(Integer(8), Symbol('s0')), Integer(4))":                         {Each: 2},
	} {
		if got, err := resolve(text); err != nil || got != want {
			t.Errorf("%s is %v (%v), want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"s1": "depends on s1", "s0*s0": "with itself", "s0**2": "unexpected", "s0//2": "not whole", "Max(s0, 3)": "Max", "(s0": "not closed", "": "unexpected",
		"Mod(s0)": "Mod", "s0 s0": "unexpected", "99999999999*s0*99999999999": "out of range", strings.Repeat("(", 100): "nested",
	} {
		if _, err := resolve(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}

// FuzzResolve: no expression makes the parser panic.
func FuzzResolve(f *testing.F) {
	f.Add("Add(Integer(1), Mul(Integer(3), Symbol('s0', positive=True, integer=True)))")
	f.Add("4*(2*s0 - 3)//2")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = resolve(text) })
}
