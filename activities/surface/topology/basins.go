// Package topology finds the basins of a surface: its merge tree, which says at which value the parts of a sublevel set
// {f ≤ t} appear and where they meet as t rises, and from it the persistence of each basin (Edelsbrunner, Letscher and Zomorodian 2002).
//
// The surface is given on a rectangular lattice, where each point is connected with its eight neighbors. Points whose value is not finite
// belong to no sublevel set, so that they separate what lies around them.
package topology

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
)

// None is the index of a saddle or basin that does not exist.
const None = -1

// Basin is a branch of the merge tree: a local minimum, up to the pass over which its part of the sublevel set meets one with a lower
// minimum.
type Basin struct {
	Point int     `json:"point"` // the lattice point with the lowest value, row-major
	Birth float64 `json:"birth"` // the value there
	// Death is the value of the pass to a lower basin: +Inf for the lowest basin of each region of finite values.
	Death  float64 `json:"-"`
	Saddle int     `json:"saddle"` // the lattice point of the pass; None with an infinite Death
	Into   int     `json:"into"`   // the basin, by its index, that lies beyond the pass; None with an infinite Death
	// Meets is the value of the first pass to any other basin, lower or not: the basin is alone in its part of {f < Meets}. At most Death.
	Meets float64 `json:"-"`
	// Edge says that Point lies on the border of the lattice: the surface may fall further outside.
	Edge bool `json:"edge,omitempty"`
}

// Persistence is Death − Birth: how far the surface rises from the lowest point of the basin before it leads to a lower one.
func (b Basin) Persistence() float64 { return b.Death - b.Birth }

// Surface is a lattice of NX×NY values, row-major. Lower and Upper are bounds of the value at each point; they are the same slice where the
// values are exact.
type Surface struct {
	NX, NY       int
	Lower, Upper []float64
}

// Basins returns the basins with at least the given persistence, by birth, each of which lives: births are at upper bounds, deaths at lower ones.
// So each basin is one of every surface within the bounds, in this sense: any such surface has at least as many
// basins of persistence p or more as are returned with it. Basins of persistence 0 are omitted.
func (s Surface) Basins(persistence float64) []Basin {
	f := newFlood(s, persistence)
	for _, i := range f.order {
		f.add(i)
	}
	return f.basins()
}

// flood is the sublevel set as it grows, point by point, as disjoint sets of points.
type flood struct {
	Surface
	persistence float64
	order       []int  // points with finite bounds, by the lower one; ties by index
	parent      []int  // of each point in its set; None before the point enters the sublevel set
	lowest      []int  // of a set, by its root: the point with the smallest upper bound
	border      []bool // of a set, by its root: whether it reaches the border of the lattice
	branch      map[int]*Basin
}

func newFlood(s Surface, persistence float64) *flood {
	f := &flood{Surface: s, persistence: persistence, parent: make([]int, len(s.Lower)), lowest: make([]int, len(s.Lower)),
		border: make([]bool, len(s.Lower)), branch: map[int]*Basin{}}
	for i := range s.Lower {
		f.parent[i], f.lowest[i] = None, i
		if finite(s.Lower[i]) && finite(s.Upper[i]) {
			f.order = append(f.order, i)
		}
	}
	slices.SortFunc(f.order, func(a, b int) int { return cmp.Or(cmp.Compare(s.Lower[a], s.Lower[b]), cmp.Compare(a, b)) })
	return f
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// root is the root of the set of a point, with the path to it halved.
func (f *flood) root(i int) int {
	for f.parent[i] != i {
		f.parent[i] = f.parent[f.parent[i]]
		i = f.parent[i]
	}
	return i
}

// add adds a point to the sublevel set and joins the parts that it touches.
func (f *flood) add(i int) {
	f.parent[i], f.border[i] = i, f.onBorder(i)
	f.around(i, func(j int) {
		if f.parent[j] != None {
			f.join(f.root(i), f.root(j), i)
		}
	})
}

// join joins two sets at a saddle. The one with the lower minimum lives on; the other is a basin if it is persistent.
func (f *flood) join(a, b, saddle int) {
	if a == b {
		return
	}
	old, young := f.lowest[a], f.lowest[b]
	if cmp.Or(cmp.Compare(f.Upper[young], f.Upper[old]), cmp.Compare(young, old)) < 0 {
		old, young = young, old
	}
	f.parent[b], f.lowest[a], f.border[a] = a, old, f.border[a] || f.border[b]
	death := f.Lower[saddle]
	if rise := death - f.Upper[young]; rise <= 0 || rise < f.persistence {
		return
	}
	dies, lives := f.at(young), f.at(old)
	dies.Death, dies.Saddle, dies.Into = death, saddle, old
	dies.Meets, lives.Meets = min(dies.Meets, death), min(lives.Meets, death)
}

// at is the basin whose lowest point is i.
func (f *flood) at(i int) *Basin {
	if f.branch[i] == nil {
		f.branch[i] = &Basin{Point: i, Birth: f.Upper[i], Death: math.Inf(1), Saddle: None, Into: None, Meets: math.Inf(1), Edge: f.onBorder(i)}
	}
	return f.branch[i]
}

// onBorder says whether a point lies on the border of the lattice: of a line, at an end.
func (s Surface) onBorder(i int) bool {
	x, y := i%s.NX, i/s.NX
	return x == 0 || x == s.NX-1 || s.NY > 1 && (y == 0 || y == s.NY-1)
}

// basins are the branches, by birth, with the lowest one of each region.
func (f *flood) basins() []Basin {
	for _, i := range f.order {
		if f.parent[i] == i {
			f.at(f.lowest[i])
		}
	}
	out := make([]Basin, 0, len(f.branch))
	for _, b := range f.branch {
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b Basin) int { return cmp.Or(cmp.Compare(a.Birth, b.Birth), cmp.Compare(a.Point, b.Point)) })
	index := map[int]int{None: None}
	for k, b := range out {
		index[b.Point] = k
	}
	for k := range out {
		out[k].Into = index[out[k].Into]
	}
	return out
}

// Region is the points of a basin: its part of {f < Meets}, which contains no other basin of b's list.
func (s Surface) Region(b Basin) []int {
	part, seen := []int{b.Point}, map[int]bool{b.Point: true}
	for k := 0; k < len(part); k++ {
		s.around(part[k], func(j int) {
			if !seen[j] && s.Lower[j] < b.Meets && finite(s.Lower[j]) && finite(s.Upper[j]) {
				seen[j] = true
				part = append(part, j)
			}
		})
	}
	return part
}

// around visits a point and its neighbors.
func (s Surface) around(i int, visit func(j int)) {
	x, y := i%s.NX, i/s.NX
	for dy := max(-1, -y); dy <= min(1, s.NY-1-y); dy++ {
		for dx := max(-1, -x); dx <= min(1, s.NX-1-x); dx++ {
			visit(i + dy*s.NX + dx)
		}
	}
}

// Escape is the level at which the part of the sublevel set around a point leads elsewhere: where it holds two basins of at least
// the given persistence, or reaches the border of the lattice, beyond which the surface is not known (edge). That of a point
// above such a pass, or on the border, is its own value. NaN where that is not finite; +Inf where the part never leads elsewhere.
func (s Surface) Escape(point int, persistence float64) (level float64, edge bool) {
	f := newFlood(s, persistence)
	for _, i := range f.order {
		f.add(i)
		if f.parent[point] == None {
			continue
		}
		part := f.root(point)
		if f.branch[f.lowest[part]] != nil { // the lowest basin has met another
			return f.Lower[i], false
		}
		if f.border[part] {
			return f.Lower[i], true
		}
	}
	if f.parent[point] == None {
		return math.NaN(), false
	}
	return math.Inf(1), false
}

// openJSON are the values of a basin that may be infinite: null in JSON.
type openJSON struct {
	Death *float64 `json:"death"`
	Meets *float64 `json:"meets"`
}

// plain is a Basin without its methods.
type plain Basin

// MarshalJSON writes null for an infinite Death or Meets.
func (b Basin) MarshalJSON() ([]byte, error) {
	open := openJSON{&b.Death, &b.Meets}
	if math.IsInf(b.Death, 1) {
		open.Death = nil
	}
	if math.IsInf(b.Meets, 1) {
		open.Meets = nil
	}
	return json.Marshal(struct {
		plain
		openJSON
	}{plain(b), open})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (b *Basin) UnmarshalJSON(src []byte) error {
	var in struct {
		plain
		openJSON
	}
	if err := json.Unmarshal(src, &in); err != nil {
		return err
	}
	*b = Basin(in.plain)
	b.Death, b.Meets = math.Inf(1), math.Inf(1)
	if in.openJSON.Death != nil {
		b.Death = *in.openJSON.Death
	}
	if in.openJSON.Meets != nil {
		b.Meets = *in.openJSON.Meets
	}
	return nil
}
