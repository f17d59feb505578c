package torch

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/weights/pickle"
)

// stateKeys are the names under which programs keep weights next to other things.
var stateKeys = []string{
	"state_dict", "model", "net", "network", "model_state_dict", "model_state", "net_state_dict", "module", "params", "weights",
}

// IsAverage says whether an entry's or module's name is that of averaged weights: ema,
// model_ema, state_dict_ema and the like.
func IsAverage(name string) bool {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("._/-", r) })
	return slices.Contains(parts, "ema") || slices.Contains(parts, "averaged")
}

// entry is a part of the file: what stands under a key of its outermost dictionary.
type entry struct {
	name  string
	value pickle.Value
	found []named // its tensors
}

type named struct {
	name string // within the entry; "" for the entry itself
	tensor
}

// newFile finds the tensors of a pickle's object.
func newFile(root pickle.Value, s source) (*File, error) {
	w := &walker{source: s, left: maxSteps}
	f := &File{source: s}
	top, isDict := children(root)
	if !isDict {
		top = []child{{"", root}}
	}
	for _, c := range top {
		e := entry{name: c.name, value: c.value}
		w.found = nil
		w.walk("", c.value, 0)
		e.found = w.found
		f.top = append(f.top, e)
	}
	if w.left < 0 {
		return nil, fmt.Errorf("its objects refer to each other in more than %d ways: save the state_dict alone", maxSteps)
	}
	f.choose()
	if len(f.Names) == 0 {
		return nil, f.noTensors()
	}
	return f, nil
}

// choose takes the entries with weights, or all if none has one of the names for them.
func (f *File) choose() {
	var taken []entry
	for _, e := range f.top {
		if len(e.found) > 0 && !e.isTensor() && (slices.Contains(stateKeys, e.name) || IsAverage(e.name)) {
			taken = append(taken, e)
		}
	}
	switch {
	case len(taken) == 1:
		f.Notes = append(f.Notes, fmt.Sprintf("the weights are those of its entry %q", taken[0].name))
		f.add("", taken[0])
	case len(taken) > 1:
		for _, e := range taken {
			f.add(e.name, e)
		}
	default:
		for _, e := range f.top {
			f.add(e.name, e)
		}
		return
	}
	f.notePassed(taken)
}

func (e entry) isTensor() bool { return len(e.found) == 1 && e.found[0].name == "" }

func (f *File) add(folder string, e entry) {
	for _, t := range e.found {
		f.Names = append(f.Names, join(folder, t.name))
		f.tensors = append(f.tensors, t.tensor)
	}
}

// notePassed names the other entries with tensors, such as an optimizer's.
func (f *File) notePassed(taken []entry) {
	var passed []string
	for _, e := range f.top {
		isTaken := slices.ContainsFunc(taken, func(t entry) bool { return t.name == e.name })
		if len(e.found) > 0 && !isTaken && !e.isNumber() {
			passed = append(passed, e.name)
		}
	}
	if len(passed) > 0 {
		f.Notes = append(f.Notes, "its entries with other tensors were passed over: "+strings.Join(passed, ", "))
	}
}

// noTensors says what is in the file instead.
func (f *File) noTensors() error {
	var parts []string
	for _, e := range f.top[:min(len(f.top), 12)] {
		parts = append(parts, strings.TrimSpace(e.name+" ("+describe(e.value)+")"))
	}
	if len(parts) == 0 {
		return errors.New("it holds no tensors")
	}
	return fmt.Errorf("it holds no tensors that can be found without running its code, but %s: save the model's state_dict()", strings.Join(parts, ", "))
}

// describe says in few words what a value is.
func describe(v pickle.Value) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case bool, int64, float64:
		return "a number"
	case string:
		return "a text"
	case pickle.Global:
		return "the name " + v.String()
	case *pickle.Object:
		if v.Name() != "" {
			return "an object of " + v.Name()
		}
	case *pickle.Dict:
		return number(len(v.Pairs), "entry", "entries")
	case *pickle.List:
		return number(len(v.Items), "item", "items")
	case pickle.Tuple:
		return number(len(v), "item", "items")
	}
	return "an object"
}

func number(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", more)
}

// walker finds the tensors in nested dictionaries, lists and modules.
type walker struct {
	source
	found []named
	left  int // steps
}

const (
	maxSteps = 1 << 20 // more than any checkpoint has values, fewer than values that contain each other can make
	maxDepth = 32
)

func (w *walker) walk(name string, v pickle.Value, depth int) {
	if w.left--; w.left < 0 || depth > maxDepth {
		return
	}
	if t, ok := w.tensor(v, 0); ok {
		w.found = append(w.found, named{name, t})
		return
	}
	list, _ := children(v)
	for _, c := range list {
		w.walk(join(name, c.name), c.value, depth+1)
	}
}

func join(folder, name string) string {
	if folder == "" || name == "" {
		return folder + name
	}
	return folder + "/" + name
}

// child is a part of a value that may hold tensors.
type child struct {
	name  string
	value pickle.Value
}

// children are the entries of a dictionary, items of a list, or tensors and parts of a module.
func children(v pickle.Value) (out []child, ok bool) {
	if parts, ok := moduleParts(v); ok {
		return parts, true
	}
	var items []pickle.Value
	switch v := v.(type) {
	case pickle.Tuple:
		items, ok = v, true
	case *pickle.List:
		items, ok = v.Items, true
	default:
		list, ok := pairs(v)
		for _, p := range list {
			if key, isName := keyName(p.Key); isName {
				out = append(out, child{key, p.Value})
			}
		}
		return out, ok
	}
	for i, item := range items {
		out = append(out, child{strconv.Itoa(i), item})
	}
	return out, ok
}

func keyName(key pickle.Value) (string, bool) {
	switch key := key.(type) {
	case string:
		return key, true
	case int64:
		return strconv.FormatInt(key, 10), true
	}
	return "", false
}

// pairs are the entries of a dictionary, also of one of a class of its own.
func pairs(v pickle.Value) (out []pickle.Pair, ok bool) {
	switch v := v.(type) {
	case *pickle.Dict:
		return v.Pairs, true
	case *pickle.Object:
		if v.Name() != "collections.OrderedDict" {
			return v.Pairs, len(v.Pairs) > 0
		}
		return append(argumentPairs(v.Args), v.Pairs...), true
	}
	return nil, false
}

// argumentPairs are those of OrderedDict([[key, value], …]), which Python 2 writes.
func argumentPairs(args pickle.Tuple) (out []pickle.Pair) {
	list, ok := argument(args, 0).(*pickle.List)
	if !ok {
		return nil
	}
	for _, item := range list.Items {
		pair, _ := item.(pickle.Tuple)
		if l, ok := item.(*pickle.List); ok {
			pair = l.Items
		}
		if len(pair) == 2 {
			out = append(out, pickle.Pair{Key: pair[0], Value: pair[1]})
		}
	}
	return out
}

// moduleParts are the tensors and submodules of a pickled torch.nn.Module, named as
// in its state_dict, or the attributes of a TorchScript module.
func moduleParts(v pickle.Value) (out []child, ok bool) {
	o, isObject := v.(*pickle.Object)
	if !isObject {
		return nil, false
	}
	state, _ := pairs(o.State)
	if strings.HasPrefix(o.Name(), "__torch__.") {
		for _, p := range state {
			if key, isName := keyName(p.Key); isName {
				out = append(out, child{key, p.Value})
			}
		}
		return out, true
	}
	for _, kind := range []string{"_parameters", "_buffers", "_modules"} {
		for _, p := range state {
			if p.Key == kind {
				ok = true
				list, _ := children(p.Value)
				out = append(out, list...)
			}
		}
	}
	return out, ok
}
