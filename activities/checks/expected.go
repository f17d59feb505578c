package checks

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/aten"
	"lossatlas/activities/npz"
)

// expected is inputs of a network with the outputs that its own framework computed.
type expected struct {
	x, y      npz.Array // cut to the examples that are compared
	outputs   []float64 // of y
	tolerance float64
}

// Limits of a file of expected outputs: the bytes of its list of arrays, and of one array.
const (
	maxList  = 1 << 20
	maxArray = 1 << 30
)

// Line writes a file of expected outputs.
const Line = `np.savez("expect.npz", x=x.numpy(), y=model(x).detach().numpy())`

// readExpected reads an .npz file whose arrays are called x and y, or as the program calls its input and output.
func readExpected(path string, p *aten.Program) (*expected, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	f, err := npz.Open(r, info.Size(), maxList)
	if err != nil {
		return nil, fmt.Errorf("%w; write it with %s", err, Line)
	}
	e := &expected{tolerance: Tolerance}
	for _, a := range []struct {
		into  *npz.Array
		names []string
	}{{&e.x, []string{p.Input.Name, "x", "input", "inputs"}}, {&e.y, []string{p.Output, "y", "output", "outputs", "logits"}}} {
		i := slices.IndexFunc(f.Names, func(name string) bool { return slices.Contains(a.names, name) })
		if i < 0 {
			return nil, fmt.Errorf("no array is called %s; write the file with %s", strings.Join(a.names[1:], " or "), Line)
		}
		descr, _, err := f.Header(i)
		if err == nil {
			*a.into, err = f.Read(i, maxArray)
		}
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(descr, "f2") {
			e.tolerance = HalfTolerance
		}
	}
	return e, e.check(p.Input)
}

// check compares the shapes with the input of the program.
func (e *expected) check(in aten.Value) error {
	want := []int{}
	for _, d := range in.Shape[1:] {
		want = append(want, d.Fixed)
	}
	if len(e.x.Shape) == 0 || !slices.Equal(e.x.Shape[1:], want) || e.x.Shape[0] == 0 {
		return fmt.Errorf("the array %s has the shape %v: want examples of the shape %v, as the network takes them, with their number in front", e.x.Name, e.x.Shape, want)
	}
	if len(e.y.Shape) == 0 || e.y.Shape[0] != e.x.Shape[0] || len(e.y.Shape) > 1 && slices.Contains(e.y.Shape, 0) {
		return fmt.Errorf("the array %s has the shape %v, and %s %v: want the outputs of as many examples", e.y.Name, e.y.Shape, e.x.Name, e.x.Shape)
	}
	if _, whole := e.y.Data.([]int64); whole {
		return fmt.Errorf("the array %s has whole numbers, as labels are: want the outputs of the network; write them with %s", e.y.Name, Line)
	}
	if _, isInteger := e.x.Data.([]int64); !isInteger && !strings.HasPrefix(in.Type, "float") {
		return fmt.Errorf("the array %s has no whole numbers, and the network takes %s", e.x.Name, in.Type)
	}
	return nil
}

// width is the number of outputs of one example.
func (e *expected) width() int { return len(e.outputs) / e.y.Shape[0] }

// cut keeps at most n examples, and decodes the outputs.
func (e *expected) cut(n int) (err error) {
	if e.outputs, err = floats(e.y); err != nil {
		return err
	}
	if have := e.y.Shape[0]; n < have {
		e.outputs = e.outputs[:n*e.width()]
		e.x.Shape, e.y.Shape = slices.Clone(e.x.Shape), slices.Clone(e.y.Shape)
		e.x.Shape[0], e.y.Shape[0] = n, n
	}
	_, err = floats(e.x)
	return err
}

// floats are the numbers of an array.
func floats(a npz.Array) ([]float64, error) {
	switch v := a.Data.(type) {
	case []float64:
		return v, nil
	case []float32:
		return widened(v), nil
	case []int64:
		out := make([]float64, len(v))
		for i, x := range v {
			out[i] = float64(x)
		}
		return out, nil
	}
	return nil, fmt.Errorf("the array %s does not hold numbers", a.Name)
}

// tensor is the inputs in the type that the network takes.
func (e *expected) tensor(kind string) *tensors.Tensor {
	n := 1
	for _, d := range e.x.Shape {
		n *= d
	}
	if v, ok := e.x.Data.([]int64); ok && !strings.HasPrefix(kind, "float") {
		return tensors.FromFlatDataAndDimensions(v[:n], e.x.Shape...)
	}
	v, _ := floats(e.x) // was checked
	return tensors.FromFlatDataAndDimensions(v[:n], e.x.Shape...)
}
