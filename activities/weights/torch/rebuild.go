package torch

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"lossatlas/activities/weights/pickle"
)

// source says where a file keeps the storages to which its pickle refers.
type source func(pickle.Value) (storage, error)

// nesting bounds how deep a tensor may stand in other calls, such as that of a parameter.
const nesting = 8

// tensor interprets a call that makes a tensor in PyTorch; ok says whether v is one.
func (s source) tensor(v pickle.Value, depth int) (t tensor, ok bool) {
	o, isObject := v.(*pickle.Object)
	if !isObject || depth > nesting {
		return tensor{}, false
	}
	switch name := o.Name(); name {
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3":
		return s.strided(o.Args), true
	case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state", "torch._utils._rebuild_device_tensor_from_numpy",
		"torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer", "torch.autograd.variable.Variable":
		return s.tensor(argument(o.Args, 0), depth+1)
	case "torch._tensor._rebuild_from_type_v2":
		args, _ := argument(o.Args, 2).(pickle.Tuple)
		return s.tensor(&pickle.Object{Class: argument(o.Args, 0), Args: args}, depth+1)
	case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
		return s.array(o)
	case "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer":
		return s.fromBuffer(o.Args)
	case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar":
		return s.scalar(o.Args)
	default:
		what, known := strings.CutPrefix(name, "torch._utils._rebuild_")
		return tensor{err: fmt.Errorf("it is %s: store it as a dense tensor of float32", cmp.Or(others[what], "rebuilt by "+name))}, known
	}
}

// others are PyTorch's other tensors, by the functions that make them.
var others = map[string]string{
	"qtensor": "quantized", "sparse_tensor": "sparse", "sparse_csr_tensor": "sparse", "nested_tensor": "a nested tensor",
	"meta_tensor_no_storage": "a tensor without numbers (of the device meta)", "wrapper_subclass": "of a class that wraps tensors",
}

// argument is nil where there are too few.
func argument(args pickle.Tuple, i int) pickle.Value {
	if i >= len(args) {
		return nil
	}
	return args[i]
}

// strided reads the arguments storage, offset, shape, strides, …, and of the
// third form the type as well.
func (s source) strided(args pickle.Tuple) (t tensor) {
	if t.storage, t.err = s.storage(argument(args, 0)); t.err != nil {
		return t
	}
	offset, isInt := argument(args, 1).(int64)
	shape, isShape := integers(argument(args, 2))
	strides, isStrides := integers(argument(args, 3))
	if !isInt || !isShape || !isStrides {
		t.err = errors.New("its shape is not written as it should be")
		return t
	}
	t.offset, t.shape, t.strides = offset, shape, strides
	class := t.class
	if class == "" {
		g, _ := argument(args, 6).(pickle.Global)
		class = g.Name
	}
	t.kind = kindName(class)
	return t
}

// kindName is the name of a type in kinds, else the class's own.
func kindName(class string) string {
	if k, ok := kindOf[class]; ok {
		return k
	}
	return strings.TrimSuffix(class, "Storage")
}

// storage resolves a reference to a storage, perhaps in another wrapping class.
func (s source) storage(v pickle.Value) (storage, error) {
	if o, ok := v.(*pickle.Object); ok && len(o.Args) > 0 {
		v = o.Args[0]
	}
	p, ok := v.(*pickle.Persistent)
	if !ok {
		return storage{}, errors.New("it has no storage")
	}
	return s(p.ID)
}

// maxDims is NumPy's and PyTorch's limit on the number of dimensions.
const maxDims = 64

// integers reads a tuple of integers, also as a torch.Size.
func integers(v pickle.Value) ([]int, bool) {
	if o, ok := v.(*pickle.Object); ok && (o.Name() == "torch.Size" || o.Name() == "torch.jit._pickle.build_intlist") {
		v = argument(o.Args, 0)
	}
	items, ok := v.(pickle.Tuple)
	if list, is := v.(*pickle.List); is {
		items, ok = list.Items, true
	}
	if len(items) > maxDims {
		return nil, false
	}
	out := make([]int, len(items))
	for i, x := range items {
		n, isInt := x.(int64)
		out[i], ok = int(n), ok && isInt
	}
	return out, ok
}

// reference is the persistent id of a storage: ("storage", class, key, location,
// number of elements), and in the old form a view (key, offset, number) of it or nil.
type reference struct {
	class, key string
	count      int64
	offset     int64 // of a view, in elements
}

func parseReference(id pickle.Value) (r reference, err error) {
	t, _ := id.(pickle.Tuple)
	if what, _ := argument(t, 0).(string); what != "storage" {
		return r, errors.New("it refers to something that is no storage")
	}
	class, isGlobal := argument(t, 1).(pickle.Global)
	key, isText := argument(t, 2).(string)
	count, isInt := argument(t, 4).(int64)
	if !isGlobal || !isText || !isInt || count < 0 {
		return r, errors.New("the reference to its storage is not written as it should be")
	}
	if view, ok := argument(t, 5).(pickle.Tuple); ok {
		r.offset, _ = argument(view, 1).(int64)
		count, _ = argument(view, 2).(int64)
	}
	r.class, r.key, r.count = class.Name, key, count
	if r.class == "UntypedStorage" {
		r.class = ""
	}
	return r, nil
}

// width is the size in bytes of the elements that the reference counts.
func (r reference) width() (int64, error) {
	if r.class == "" {
		return 1, nil
	}
	if k, ok := kinds[kindOf[r.class]]; ok {
		return k.size, nil
	}
	if width, ok := otherWidths[r.class]; ok {
		return width, nil
	}
	return 0, fmt.Errorf("it has the unknown type %s", r.class)
}

// otherWidths are the widths of types that are not read.
var otherWidths = map[string]int64{
	"ComplexFloatStorage": 8, "ComplexDoubleStorage": 16, "QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
}

// within cuts the referenced part out of the bytes that a file has under its key.
func (r reference) within(s storage) (storage, error) {
	width, err := r.width()
	if err != nil {
		return s, err
	}
	have := s.size / width
	if r.offset < 0 || r.count < 0 || r.offset > have || r.count > have-r.offset {
		return s, fmt.Errorf("its storage %q should have %d elements, but the file has %d bytes of it", r.key, r.count, s.size)
	}
	s.class, s.at, s.size = r.class, s.at+r.offset*width, r.count*width
	return s, nil
}
