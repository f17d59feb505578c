package torch

import (
	"math"
	"strings"

	"lossatlas/activities/weights/pickle"
)

// isNumber says whether the entry is one number, as a scalar of NumPy or a tensor of one element.
func (e entry) isNumber() bool {
	if !e.isTensor() {
		return false
	}
	n, err := elements(e.found[0].shape)
	return err == nil && n == 1
}

// Scalars are the numbers and texts of the outermost dictionary: float64, string or bool. Names
// with dots are those of a module's counters and left out.
func (f *File) Scalars() map[string]any {
	out := map[string]any{}
	for _, e := range f.top {
		if x, ok := e.scalar(); ok && e.name != "" && !strings.Contains(e.name, ".") {
			out[e.name] = x
		}
	}
	return out
}

func (e entry) scalar() (x any, ok bool) {
	switch v := e.value.(type) {
	case bool, float64, string:
		return v, true
	case int64:
		return float64(v), true
	case *pickle.Object:
		return e.number()
	}
	return nil, false
}

func (e entry) number() (x any, ok bool) {
	if !e.isNumber() {
		return nil, false
	}
	value := math.NaN()
	err := e.found[0].read(func(_ int, v float64) { value = v })
	return value, err == nil
}
