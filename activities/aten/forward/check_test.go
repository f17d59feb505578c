package forward_test

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
)

// small is the program of package aten's tests.
func small(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../testdata/small.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func parse(t *testing.T, text string) *aten.Program {
	t.Helper()
	p, err := aten.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCheckRefuses: shapes that do not fit are an error of the operation.
func TestCheckRefuses(t *testing.T) {
	text := small(t)
	for _, c := range []struct{ name, old, new, want string }{
		{"channels", `[3,2,3,3]`, `[3,4,3,3]`, "operation 0, conv2d in conv: weights of [3 4 3 3] with groups = 1 do not fit 2 channels"},
		{"kernel", `[3,2,3,3]`, `[3,2,9,9]`, "does not fit [4 4]"},
		{"view", `[[0,1],48]`, `[[0,1],47]`, "the shape [2 47] does not fit the 96 elements"},
		{"linear", `[48,5]`, `[47,5]`, "operation 4, linear in fc: weights of [5 47] do not fit"},
		{"division by zero", `"padding":{"ints":[1,1]}`, `"stride":{"ints":[0,1]}`, "stride [0 1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := parse(t, strings.Replace(text, c.old, c.new, 1))
			_, err := forward.Check(p, 2)
			var at *aten.OpError
			if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &at) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestCost: multiply-adds and kept elements are counted.
func TestCost(t *testing.T) {
	p := parse(t, small(t))
	shapes, err := forward.Shapes(p, 2)
	got := p.Cost(shapes)
	want := aten.Cost{MACs: 2 * (3*16*2*9 + 48*5), Kept: 2 * (48 + 48 + 5), Largest: 2 * 48}
	if err != nil || got != want {
		t.Errorf("cost %+v (%v), want %+v", got, err, want)
	}
	if shape, err := forward.Check(p, 7); err != nil || !reflect.DeepEqual(shape, []int{7, 5}) {
		t.Errorf("output of %v (%v), want [7 5]", shape, err)
	}
}
