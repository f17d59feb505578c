package align

import (
	"slices"

	"gonum.org/v1/gonum/mat"

	"lossatlas/activities/nets"
)

// Order is, for each set of units, which unit of the network stands in the place of each unit after permutation.
type Order [][]int

// identity leaves all units where they are.
func identity(sets []nets.Units) Order {
	out := make(Order, len(sets))
	for k, set := range sets {
		out[k] = make([]int, set.N)
		for i := range out[k] {
			out[k][i] = i
		}
	}
	return out
}

// Moved counts the units that stand in another place than before.
func (o Order) Moved() (n int) {
	for _, order := range o {
		for i, from := range order {
			if i != from {
				n++
			}
		}
	}
	return n
}

// Permute returns parameters and running statistics of a network with its units in another order.
func Permute(net *nets.Net, sets []nets.Units, o Order, theta, state []float32) (permutedTheta, permutedState []float32) {
	theta, state = slices.Clone(theta), slices.Clone(state)
	for k, set := range sets {
		for _, p := range set.Params {
			permute(net.Params()[p.Tensor], p, o[k], theta)
		}
		for _, p := range set.State {
			permute(net.State()[p.Tensor], p, o[k], state)
		}
	}
	return theta, state
}

// permute reorders the units at one place, in a flat vector.
func permute(t nets.Param, at nets.Place, order []int, flat []float32) {
	v := t.Of(flat)
	old := slices.Clone(v)
	outer, inner := around(t, at)
	size := at.Each * inner
	for o := range outer {
		start := o*t.Shape[at.Axis]*inner + at.From*inner
		for to, from := range order {
			copy(v[start+to*size:start+(to+1)*size], old[start+from*size:])
		}
	}
}

// around are the numbers of elements of the axes in front of a place and behind it.
func around(t nets.Param, at nets.Place) (outer, inner int) {
	outer, inner = 1, 1
	for _, n := range t.Shape[:at.Axis] {
		outer *= n
	}
	for _, n := range t.Shape[at.Axis+1:] {
		inner *= n
	}
	return outer, inner
}

// maxSweeps ends the search where rounding lets it circle.
const maxSweeps = 100

// Weights finds an order of the units of b in which its parameters are close to a: a local maximum of their scalar product, hence a local minimum of
// the distance ‖a − b‖, by weight matching (Ainsworth et al. 2022, algorithm 1): set after set, the best order given the orders of the others is
// a linear assignment problem. The search starts once from the order of b, and once from an order that it finds layer by
// layer from the inputs on; the better result counts. Sets are visited in the order of the layers, so that equal inputs give equal results. It takes
// the sets of net.Units.
func Weights(net *nets.Net, sets []nets.Units, a, b []float32) Order {
	best := newSearch(net, sets, a, b)
	best.climb()
	other := newSearch(net, sets, a, b)
	other.forward()
	if other.climb(); dot(a, other.b) > dot(a, best.b) {
		best = other
	}
	return best.order
}

// Activations is the order of the units of a second network in which their activations correlate most with those of a first one's, given the correlations of each
// set as an n×n matrix by rows, one for each unit of the first (Li et al. 2015, section 3.2).
func Activations(sets []nets.Units, correlations [][]float64) Order {
	order := make(Order, len(sets))
	for k, set := range sets {
		order[k] = assign(set.N, func(i, j int) float64 { return correlations[k][i*set.N+j] })
	}
	return order
}

// search is a search for an order.
type search struct {
	params  []nets.Param
	sets    []nets.Units
	a, b    []float32 // b in the order so far
	order   Order
	tensors [][]int // those of each set, each once
}

func newSearch(net *nets.Net, sets []nets.Units, a, b []float32) *search {
	s := &search{params: net.Params(), sets: sets, a: a, b: slices.Clone(b), order: identity(sets)}
	for _, set := range sets {
		var tensors []int
		for _, p := range set.Params {
			if !slices.Contains(tensors, p.Tensor) {
				tensors = append(tensors, p.Tensor)
			}
		}
		s.tensors = append(s.tensors, tensors)
	}
	return s
}

// climb improves the order until no set alone can.
func (s *search) climb() {
	for range maxSweeps {
		better := false
		for k := range s.sets {
			order, before := s.best(k, s.tensors[k]), s.product(k)
			s.reorder(k, order)
			// Units on two axes of one tensor make the problem quadratic: then the order of the linear one may be worse.
			if s.product(k) > before {
				better = true
				continue
			}
			s.reorder(k, inverse(order))
		}
		if !better {
			return
		}
	}
}

// forward orders set after set by those tensors alone of which all other axes are in order already.
func (s *search) forward() {
	waiting := make([]int, len(s.params)) // how many sets of each tensor have no order yet
	for _, tensors := range s.tensors {
		for _, t := range tensors {
			waiting[t]++
		}
	}
	for k, tensors := range s.tensors {
		s.reorder(k, s.best(k, slices.DeleteFunc(slices.Clone(tensors), func(t int) bool { return waiting[t] > 1 })))
		for _, t := range tensors {
			waiting[t]--
		}
	}
}

// reorder puts the units of set k, as they stand now, into an order.
func (s *search) reorder(k int, order []int) {
	for _, p := range s.sets[k].Params {
		permute(s.params[p.Tensor], p, order, s.b)
	}
	before := slices.Clone(s.order[k])
	for i, from := range order {
		s.order[k][i] = before[from]
	}
}

// product is the part of the scalar product that the order of set k changes.
func (s *search) product(k int) (sum float64) {
	for _, t := range s.tensors[k] {
		sum += dot(s.params[t].Of(s.a), s.params[t].Of(s.b))
	}
	return sum
}

// best is the order of set k, as it stands now, with the largest scalar product over some tensors.
func (s *search) best(k int, tensors []int) []int {
	n := s.sets[k].N
	sum := mat.NewDense(n, n, nil)
	var part mat.Dense
	for _, p := range s.sets[k].Params {
		if !slices.Contains(tensors, p.Tensor) {
			continue
		}
		t := s.params[p.Tensor]
		part.Reset()
		part.Mul(rows(t, p, n, s.a), rows(t, p, n, s.b).T())
		sum.Add(sum, &part)
	}
	return assign(n, sum.At)
}

// rows has a row for each unit: all numbers of a tensor that belong to it.
func rows(t nets.Param, at nets.Place, units int, flat []float32) *mat.Dense {
	outer, inner := around(t, at)
	size := at.Each * inner
	out, v := mat.NewDense(units, outer*size, nil), t.Of(flat)
	for o := range outer {
		start := (o*t.Shape[at.Axis] + at.From) * inner
		for u := range units {
			to := out.RawRowView(u)[o*size : (o+1)*size]
			for i := range to {
				to[i] = float64(v[start+u*size+i])
			}
		}
	}
	return out
}

func inverse(order []int) []int {
	out := make([]int, len(order))
	for to, from := range order {
		out[from] = to
	}
	return out
}

// dot is the scalar product. The conversion forbids fused multiply-adds, whose bits differ from one kind of processor to another.
func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(float64(v) * float64(b[i]))
	}
	return sum
}
