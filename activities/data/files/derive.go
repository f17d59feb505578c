package files

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"lossatlas/activities/data"
	"lossatlas/activities/problem"
)

// ignored is the label that PyTorch's losses ignore by default.
const ignored = -100

// collect makes a collection of what files hold.
func (f *found) collect(path string, opts Options) (*data.Collection, error) {
	if len(f.parts) == 0 {
		return nil, fault(path, "holds no examples")
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	p, err := f.problem(opts)
	if err != nil {
		return nil, err
	}
	train, test, err := f.splitUp(opts)
	if err != nil {
		return nil, err
	}
	for _, s := range []*split{train, test} {
		if err := s.label(p); err != nil {
			return nil, err
		}
	}
	src := &source{path: path, names: f.classNames(), splits: map[string]*split{data.Train: train, data.Test: test}, resident: opts.Resident}
	c := &data.Collection{Source: src, Names: src.names, Notes: f.notes}
	if err := f.normalize(c, src, p, opts); err != nil {
		return nil, err
	}
	return c, nil
}

// classNames are the names, nil where they only are the numbers of the classes.
func (f *found) classNames() []string {
	for i, name := range f.names {
		if name != strconv.Itoa(i) {
			return f.names
		}
	}
	return nil
}

// problem derives all of the problem but its normalization.
func (f *found) problem(opts Options) (problem.Problem, error) {
	l, form := f.parts[0].labels, f.parts[0].form
	p := problem.Problem{Shape: form.shape, Type: form.kind, ChannelsFirst: form.channelsFirst, Loss: opts.Loss}
	if p.Loss == "" {
		p.Loss = f.guessLoss()
	}
	p.Targets = p.Loss == problem.Program && l.ints == nil
	if p.HasTargets() {
		p.Outputs = l.places()
		if opts.Classes > 0 && opts.Classes != p.Outputs {
			return p, fault(f.parts[0].path, "has labels of %d numbers for the loss %s, and %d classes are asked for: leave the classes out", p.Outputs, p.Loss, opts.Classes)
		}
	} else if err := f.countClasses(&p, opts); err != nil {
		return p, err
	}
	if err := data.CheckSize(p); err != nil {
		return p, fault(f.parts[0].path, "%v", err)
	}
	if err := p.Check(); err != nil {
		return p, fault(f.parts[0].path, "%v", err)
	}
	return p, nil
}

func (f *found) guessLoss() string {
	switch l := f.parts[0].labels; {
	case l.flags && l.places() > 1:
		f.note("each label is %d times true or false, so the loss is %s", l.places(), problem.BinaryCrossEntropy)
		return problem.BinaryCrossEntropy
	case l.ints != nil:
		if f.isOneHot() {
			f.note("the labels are rows of one 1 and zeros (one-hot), taken as one of two classes at each of %d places; for one class of each example save the numbers of the classes, y.argmax(1)", l.places())
		}
		return problem.CrossEntropy
	default:
		if f.isOneHot() {
			f.note("the labels are rows of one 1 and zeros (one-hot), so the loss is %s; for %s save the numbers of the classes, y.argmax(1)", problem.MeanSquaredError, problem.CrossEntropy)
		}
		return problem.MeanSquaredError
	}
}

// isOneHot says whether each label is a row of numbers of which one is 1 and the others are 0.
func (f *found) isOneHot() bool {
	for _, p := range f.parts {
		if len(p.labels.shape) != 1 || p.places() < 2 {
			return false
		}
		ones := make([]int, p.n)
		for i := range p.n * p.places() {
			switch p.target(i) {
			case 0:
			case 1:
				ones[i/p.places()]++
			default:
				return false
			}
		}
		if slices.ContainsFunc(ones, func(n int) bool { return n != 1 }) {
			return false
		}
	}
	return true
}

func (f *found) note(format string, args ...any) {
	if note := fmt.Sprintf(format, args...); !slices.Contains(f.notes, note) {
		f.notes = append(f.notes, note)
	}
}

// countClasses sets the number of classes, the shape of labels, and the ignored label where some labels equal it.
func (f *found) countClasses(p *problem.Problem, opts Options) error {
	if shape := f.parts[0].labels.shape; len(shape) > 0 && !slices.Equal(shape, []int{1}) {
		p.Labels = shape
	}
	largest := int64(-1)
	for _, part := range f.parts {
		for i := range p.Places() * part.n {
			class, ok := part.class(i)
			if !ok || class < 0 && class != ignored || class > math.MaxInt32 {
				return part.badLabel(i, p.Loss)
			}
			if class == ignored {
				p.Ignore = new(int32)
				*p.Ignore = ignored
			}
			largest = max(largest, class)
		}
	}
	p.Outputs = max(int(largest)+1, len(f.names))
	if opts.Classes > 0 {
		if opts.Classes < p.Outputs {
			return fault(f.parts[0].path, "has %d classes (labels up to %d), and %d are asked for", p.Outputs, largest, opts.Classes)
		}
		p.Outputs = opts.Classes
	}
	if p.Ignore != nil {
		f.note("places with the label %d are ignored", ignored)
	}
	if len(f.names) > 0 && len(f.names) != p.Outputs {
		f.names = nil
	}
	return nil
}

// class is the i-th label as a class; ok says whether it is a whole number.
func (l labels) class(i int) (class int64, ok bool) {
	if l.ints != nil {
		return l.ints[i], true
	}
	v := float64(l.floats[i])
	return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<31
}

// badLabel is the error for a label that is no class.
func (l labels) badLabel(i int, loss string) error {
	var v any
	if l.ints != nil {
		v = l.ints[i]
	} else {
		v = l.floats[i]
	}
	return &data.FileError{Path: l.path, Size: -1, Record: i / l.places(), Offset: -1,
		Want: fmt.Sprintf("has the label %v; classes are numbered from 0 (and %d is ignored), so choose a loss of numbers, such as %s, instead of %s", v, ignored, problem.MeanSquaredError, loss)}
}

// label sets the classes or targets of the examples in their order.
func (s *split) label(p problem.Problem) error {
	s.size = p.Bytes()
	for _, record := range s.order {
		part, at := s.find(record)
		n := part.places()
		for i := at * n; i < (at+1)*n; i++ {
			if !p.HasTargets() {
				class, _ := part.class(i)
				s.classes = append(s.classes, int32(class))
				continue
			}
			v := part.target(i)
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				return &data.FileError{Path: part.labels.path, Size: -1, Record: at, Offset: -1, Want: fmt.Sprintf("has the label %g; labels must be finite numbers", f)}
			}
			s.targets = append(s.targets, v)
		}
	}
	return nil
}

func (l labels) target(i int) float32 {
	if l.ints != nil {
		return float32(l.ints[i])
	}
	return l.floats[i]
}
