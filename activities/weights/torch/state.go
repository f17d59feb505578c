package torch

import (
	"errors"
	"fmt"
	"slices"
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

// newFile finds the tensors of a pickle's object, whose values needed at most memory bytes.
func newFile(root pickle.Value, s source, memory int64) (*File, error) {
	// A pickle of this memory has half as many values as steps: only hostile files share all values many times.
	w := &walker{source: s, left: memory / bytesPerStep}
	f := &File{}
	if isCollection(root) {
		for name, v := range children(root) {
			if w.left--; w.left >= 0 && name != "" {
				f.top = append(f.top, entry{name, v, w.under(v)})
			}
		}
	} else {
		f.top = []entry{{"", root, w.under(root)}}
	}
	if w.left < 0 {
		return nil, errors.New("its objects contain each other in too many ways: save the state_dict alone")
	}
	f.choose()
	if len(f.Names) == 0 {
		return nil, f.noTensors()
	}
	return f, nil
}

// choose takes the entries with names of weights, or all entries if the file has no such name.
func (f *File) choose() {
	var taken []entry
	for _, e := range f.top {
		if len(e.found) > 0 && !e.isTensor() && (slices.Contains(stateKeys, e.name) || IsAverage(e.name)) {
			taken = append(taken, e)
		}
	}
	switch {
	case len(taken) == 1:
		f.Notes = append(f.Notes, fmt.Sprintf("the weights are its entry %q", taken[0].name))
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

// isTensor says whether the entry itself is a tensor.
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
		f.Notes = append(f.Notes, "its entries with other tensors were ignored: "+strings.Join(passed, ", "))
	}
}

// noTensors is the error that describes the file's entries.
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

// describe names a value's type for people.
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
