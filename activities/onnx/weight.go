package onnx

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

// weight is an initializer that is a parameter or buffer. It is declared when the
// first operation reads it, with the axes in the order perm of the stored ones.
type weight struct {
	tensor *proto.Tensor // nil for parts of others
	name   string
	shape  []int // as stored
	data   []float32
	perm   []int
	value  string // in the program; "" until it is declared
	buffer bool
	flat   bool    // declared as a vector, which the exporter gave further axes of length 1
	of     *weight // the initializer that this is a part of, or nil
}

// initialize notes what an initializer is: a weight, or elements that are known.
func (t *translator) initialize(i *proto.Tensor) error {
	uses := t.uses[i.Name]
	if len(uses) == 0 {
		return nil
	}
	if t.values[i.Name] != nil {
		return fmt.Errorf("the initializer %s is given twice", i.Name)
	}
	shape, elements, err := i.Shape()
	if err != nil {
		return err
	}
	v := &value{kind: proto.Kinds[i.Kind], shape: fixedAll(shape...)}
	if !i.IsFloat() {
		v.known, err = numbersOf(i.Numbers(t.folder))
		t.values[i.Name] = v
		return err
	}
	data, err := i.Floats(t.folder)
	if err != nil {
		return err
	}
	if t.isConstant(i.Name, data, uses) {
		v.known = make([]number, elements)
		for k, f := range data {
			v.known[k].fixed = float64(f)
		}
	} else {
		v.perm = identity(len(shape))
		v.weight = &weight{tensor: i, name: i.Name, shape: shape, data: data, buffer: isStatistic(uses)}
		t.weights = append(t.weights, v.weight)
	}
	t.values[i.Name] = v
	return nil
}

// weightSlots are the inputs of operators that are parameters under any name.
var weightSlots = map[string][]int{
	"Conv": {1, 2}, "ConvTranspose": {1, 2}, "Gemm": {0, 1, 2}, "MatMul": {0, 1}, "PRelu": {1}, "Gather": {0},
	"BatchNormalization": {1, 2, 3, 4}, "LayerNormalization": {1, 2}, "GroupNormalization": {1, 2},
	"LSTM": {1, 2, 3}, "GRU": {1, 2, 3}, "RNN": {1, 2, 3},
}

// made matches names that exporters make up for numbers that are no tensor of the model's state.
var made = regexp.MustCompile(`^(val|ortshared|const|const_fold_opt_|Const_|_inlfunc.*_const|onnx::[A-Za-z]+)_+\d+(_.*)?$|/Const(ant)?(_\d+)?(_output_\d+|:\d+)$|^/.*_output_\d+$`)

// isConstant says whether a floating-point initializer is a number of the computation
// and no parameter: a mask, or a name that the exporter made up for one number or for
// equal ones, where no weight is expected. TensorFlow names numbers as well, but not
// after a variable.
func (t *translator) isConstant(name string, data []float32, uses []use) bool {
	if len(data) == 0 || isMask(data) {
		return true
	}
	isWeight := func(u use) bool { return slices.Contains(weightSlots[u.op], u.slot) }
	if slices.ContainsFunc(uses, isWeight) {
		return false
	}
	if t.Producer == "tf2onnx" && len(data) == 1 {
		return !strings.Contains(name, "ReadVariableOp")
	}
	if !made.MatchString(name) {
		return false
	}
	return !slices.ContainsFunc(data, func(f float32) bool { return f != data[0] })
}

// isMask says whether numbers are 0 and minus infinity, or the lowest number in its place.
func isMask(data []float32) bool {
	low := false
	for _, f := range data {
		if f != 0 && f > -math.MaxFloat32 {
			return false
		}
		low = low || f != 0
	}
	return low
}

// isStatistic says whether all uses are the running mean or variance of batch normalization.
func isStatistic(uses []use) bool {
	return !slices.ContainsFunc(uses, func(u use) bool { return u.op != "BatchNormalization" || u.slot < 3 })
}

// layout is the name of a weight in the program, in the axes' order of the value.
// filters is the order of the value's axes in which its filters are its slices along
// the first one; nil keeps the stored order. It decides how the weight is
// declared, if this is its first use.
func (c *call) layout(v *value, filters []int) string {
	w := v.weight
	if w.value == "" {
		w.value, w.perm = c.fresh(), identity(len(w.shape))
		if filters != nil {
			w.perm = compose(v.perm, filters)
		}
		w.flat = filters == nil && len(w.shape) > 1 && slices.Max(w.shape) == len(w.data) && (c.Producer == "tf2onnx" || w.isMade())
	}
	if w.flat {
		shape := fixedAll(w.shape...)
		stored := c.emit("view", args{"self": {Value: w.value}, "size": ofDims(shape)}, v.kind, shape)
		return c.operand(c.transpose(stored, v.perm))
	}
	perm := compose(inverse(w.perm), v.perm)
	if isIdentity(perm) {
		return w.value
	}
	return c.emit("permute", args{"self": {Value: w.value}, "dims": ofInts(perm...)}, v.kind, v.shape).name
}

// filters is the name of an operand whose filters are its slices along the first axis,
// after its axes are brought in the given order.
func (c *call) filters(v *value, order ...int) *value {
	if v.weight != nil && v.name == "" {
		v.name = c.layout(v, order)
	}
	return v
}

// declared is the values in the shape in which the program declares the weight.
func (w *weight) declared() []float32 {
	if isIdentity(w.perm) {
		return w.data
	}
	return permuted(w.data, w.shape, w.perm)
}

// declare lists the parameters and buffers in the order of the file.
func (t *translator) declare() {
	for _, w := range t.weights {
		if w.value == "" {
			continue
		}
		d := aten.Tensor{Name: w.name, Value: w.value, Shape: make([]int, len(w.shape))}
		for i, a := range w.perm {
			d.Shape[i] = w.shape[a]
		}
		if w.flat {
			d.Shape = []int{len(w.data)}
		}
		if w.buffer {
			t.program.Buffers = append(t.program.Buffers, d)
		} else {
			t.program.Params = append(t.program.Params, d)
		}
	}
}

// isMade says whether the exporter made up the weight's name.
func (w *weight) isMade() bool {
	if w.of != nil {
		return w.of.isMade()
	}
	return made.MatchString(w.name)
}

// some lists the first names.
func some(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

func identity(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	return p
}

func isIdentity(p []int) bool { return slices.Equal(p, identity(len(p))) }

// compose is the order of axes after p and then q.
func compose(p, q []int) []int {
	out := make([]int, len(q))
	for i, a := range q {
		out[i] = p[a]
	}
	return out
}

func inverse(p []int) []int {
	out := make([]int, len(p))
	for i, a := range p {
		out[a] = i
	}
	return out
}

// newPart is a parameter that consists of rows of entry way of an initializer.
func newPart(w *weight, way int, rows []int) *weight {
	n := count(w.shape[1:])
	inner := 1
	if len(w.shape) > 2 {
		inner = count(w.shape[2:])
	}
	part := &weight{name: w.name, shape: append([]int{len(rows)}, w.shape[2:]...), of: w}
	part.perm = identity(len(part.shape))
	if w.shape[0] > 1 {
		part.name += []string{".forward", ".reverse"}[way%2]
	}
	if len(w.shape) == 2 {
		part.name += map[bool]string{true: ".input", false: ".hidden"}[slices.Min(rows) < n/2]
	}
	for _, r := range rows {
		at := way*n + r*inner
		part.data = append(part.data, w.data[at:at+inner]...)
	}
	return part
}
