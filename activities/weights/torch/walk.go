package torch

import (
	"iter"
	"strconv"
	"strings"

	"lossatlas/activities/weights/pickle"
)

// walker finds the tensors in nested dictionaries, lists and modules.
type walker struct {
	source
	found []named
	left  int64 // steps
}

// The walk may take one step for this much memory. A tensor counts as several.
const (
	bytesPerStep   = 64
	stepsPerTensor = 4
)

// maxDepth is deeper than the modules of any network are nested.
const maxDepth = 32

// under lists the tensors of a value.
func (w *walker) under(v pickle.Value) []named {
	w.found = nil
	w.walk("", v, 0)
	return w.found
}

func (w *walker) walk(name string, v pickle.Value, depth int) {
	w.left -= int64(len(name)) / bytesPerStep
	if t, ok := w.tensor(v, 0); ok {
		w.left -= stepsPerTensor
		w.found = append(w.found, named{name, t})
		return
	}
	for part, v := range children(v) {
		if w.left--; w.left < 0 || depth == maxDepth {
			return
		}
		if isContainer(v) {
			w.walk(join(name, part), v, depth+1)
		}
	}
}

func join(folder, name string) string {
	if folder == "" || name == "" {
		return folder + name
	}
	return folder + "/" + name
}

func isContainer(v pickle.Value) bool {
	switch v.(type) {
	case pickle.Tuple, *pickle.List, *pickle.Dict, *pickle.Object:
		return true
	}
	return false
}

// parts are the named parts of a value. Parts that can't hold tensors are nil, so
// that a limit on their number is a limit on the work.
type parts = iter.Seq2[string, pickle.Value]

// children are the entries of a dictionary, the items of a list, or the tensors and
// submodules of a module.
func children(v pickle.Value) parts {
	switch v := v.(type) {
	case pickle.Tuple:
		return items(v)
	case *pickle.List:
		return items(v.Items)
	case *pickle.Dict:
		return entries(v.Pairs)
	case *pickle.Object:
		return objectParts(v)
	}
	return entries(nil)
}

func items(list []pickle.Value) parts {
	return func(yield func(string, pickle.Value) bool) {
		for i, v := range list {
			if !yield(strconv.Itoa(i), v) {
				return
			}
		}
	}
}

func entries(pairs []pickle.Pair) parts {
	return func(yield func(string, pickle.Value) bool) {
		for _, p := range pairs {
			if !yield(entryOf(p.Key, p.Value)) {
				return
			}
		}
	}
}

// entryOf is an entry with a text or an integer as its key, else "" and nil.
func entryOf(key, v pickle.Value) (string, pickle.Value) {
	switch key := key.(type) {
	case string:
		return key, v
	case int64:
		return strconv.FormatInt(key, 10), v
	}
	return "", nil
}

// objectParts are those of dictionaries of classes of their own, of a pickled
// torch.nn.Module, named as in its state_dict, and the attributes of a TorchScript module.
func objectParts(o *pickle.Object) parts {
	state, _ := o.State.(*pickle.Dict)
	name := o.Name()
	switch {
	case isCollection(o) || state == nil:
		return dictionary(o)
	case strings.HasPrefix(name, "__torch__."):
		return entries(state.Pairs)
	}
	return moduleParts(state)
}

// isCollection says whether a value is a dictionary or list, and not a tensor or module.
func isCollection(v pickle.Value) bool {
	if o, ok := v.(*pickle.Object); ok {
		return len(o.Pairs) > 0 || o.Name() == orderedDict
	}
	return isContainer(v)
}

const orderedDict = "collections.OrderedDict"

// dictionary are the entries of a dictionary, perhaps of a class of its own.
func dictionary(v pickle.Value) parts {
	switch v := v.(type) {
	case *pickle.Dict:
		return entries(v.Pairs)
	case *pickle.Object:
		if v.Name() == orderedDict {
			return both(argumentPairs(v.Args), entries(v.Pairs))
		}
		return entries(v.Pairs)
	}
	return entries(nil)
}

func both(a, b parts) parts {
	return func(yield func(string, pickle.Value) bool) {
		for name, v := range a {
			if !yield(name, v) {
				return
			}
		}
		b(yield)
	}
}

// argumentPairs are the pairs of OrderedDict([[key, value], …]), which Python 2 writes.
func argumentPairs(args pickle.Tuple) parts {
	list, _ := argument(args, 0).(*pickle.List)
	if list == nil {
		return entries(nil)
	}
	return func(yield func(string, pickle.Value) bool) {
		for _, item := range list.Items {
			pair, _ := item.(pickle.Tuple)
			if l, ok := item.(*pickle.List); ok {
				pair = l.Items
			}
			if !yield(entryOf(argument(pair, 0), argument(pair, 1))) {
				return
			}
		}
	}
}

// moduleParts are the parts of a torch.nn.Module with the given attributes.
func moduleParts(state *pickle.Dict) parts {
	return func(yield func(string, pickle.Value) bool) {
		for _, p := range state.Pairs {
			held := entries(nil)
			switch p.Key {
			case "_parameters", "_buffers", "_modules":
				held = dictionary(p.Value)
			}
			if !yield("", nil) {
				return
			}
			for name, v := range held {
				if !yield(name, v) {
					return
				}
			}
		}
	}
}
