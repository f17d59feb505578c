package onnx

import (
	"slices"
	"strings"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

// moved is a value whose elements are known, with other places for them: element i
// of the result is element from(index of i).
func moved(x *value, shape []aten.Dim, from func(index []int) int) *value {
	sizes, ok := static(shape)
	if !ok || count(sizes) > max(maxFolded, len(x.known)) {
		return nil
	}
	v := &value{kind: x.kind, shape: shape, known: make([]number, 0, count(sizes))}
	walk(sizes, func(index []int) { v.known = append(v.known, x.known[from(index)]) })
	return v
}

// sizes is the shape of a value whose elements are known.
func (v *value) sizes() []int {
	s, _ := static(v.shape)
	return s
}

// identityRule passes a value on. Where PyTorch's exporter gives an initializer a
// second name, it found two parameters with equal values, which are two again here.
// (A tensor that two modules share has one name in its files.)
func identityRule(c *call) []*value {
	x := c.in(0)
	if x.weight != nil && !x.weight.buffer && x.weight.of == nil && isIdentity(x.perm) && c.Producer == "pytorch" && len(c.node.Outputs) > 0 {
		return []*value{c.second(x.weight, c.node.Outputs[0])}
	}
	return []*value{x}
}

// second is another parameter with the values of an initializer. It stands after the
// other parameter of its module.
func (c *call) second(w *weight, name string) *value {
	twin := &weight{name: name, shape: w.shape, data: w.data}
	module, _, _ := cutLast(name)
	at := 0
	for i, other := range c.weights {
		if of, _, ok := cutLast(other.name); other == w && at == 0 || ok && of == module {
			at = i
		}
	}
	c.weights = slices.Insert(c.weights, at+1, twin)
	c.twins = append(c.twins, name)
	return &value{kind: "float32", shape: fixedAll(w.shape...), weight: twin, perm: identity(len(w.shape))}
}

// cutLast splits a name at its last dot.
func cutLast(name string) (module, last string, ok bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return "", name, false
	}
	return name[:i], name[i+1:], true
}

// reshape gives a value another shape with as many elements.
func (c *call) reshape(x *value, shape []aten.Dim) *value {
	if slices.Equal(x.shape, shape) {
		return x
	}
	if x.known != nil {
		return &value{kind: x.kind, shape: shape, known: x.known}
	}
	if perm := movedOnes(x.shape, shape); x.weight != nil && perm != nil { // so that its filters are still known
		return c.transpose(x, perm)
	}
	return c.emit("view", args{"self": c.tensor(x), "size": ofDims(shape)}, x.kind, shape)
}

// movedOnes is the order of axes that brings a shape to another of as many axes, if they differ in the places of axes of length 1 only.
func movedOnes(from, to []aten.Dim) []int {
	isOne := func(d aten.Dim) bool { return d == fixed(1) }
	if len(from) != len(to) || !slices.Equal(slices.DeleteFunc(slices.Clone(from), isOne), slices.DeleteFunc(slices.Clone(to), isOne)) {
		return nil
	}
	perm, next := make([]int, len(to)), map[bool]int{}
	for i, d := range to {
		one := isOne(d)
		for isOne(from[next[one]]) != one {
			next[one]++
		}
		perm[i] = next[one]
		next[one]++
	}
	return perm
}

// transpose reorders the axes. Of an initializer it only notes the order.
func (c *call) transpose(x *value, perm []int) *value {
	shape := make([]aten.Dim, len(perm))
	for i, a := range perm {
		shape[i] = x.shape[a]
	}
	switch {
	case isIdentity(perm):
		return x
	case x.weight != nil:
		return &value{kind: x.kind, shape: shape, weight: x.weight, perm: compose(x.perm, perm)}
	case x.known != nil:
		return &value{kind: x.kind, shape: shape, known: permuted(x.known, x.sizes(), perm)}
	}
	return c.emit("permute", args{"self": c.tensor(x), "dims": ofInts(perm...)}, x.kind, shape)
}

func transposeRule(c *call) []*value {
	x := c.in(0)
	perm := identity(len(x.shape))
	slices.Reverse(perm)
	perm = c.axes(c.ints("perm", perm), len(x.shape))
	if sorted := slices.Sorted(slices.Values(perm)); !isIdentity(sorted) || len(perm) != len(x.shape) {
		c.fail("%v is no order of the %d axes", perm, len(x.shape))
	}
	return []*value{c.transpose(x, perm)}
}

func reshapeRule(c *call) []*value {
	x := c.in(0)
	want := slices.Clone(c.dims(1))
	if len(want) > proto.MaxRank {
		c.fail("%d axes are too many", len(want))
	}
	rest, open := fixed(1), -1
	for i, d := range want {
		if d == fixed(0) && c.int("allowzero", 0) == 0 {
			if i >= len(x.shape) {
				c.fail("axis %d is to be kept, which %v lacks", i, x.shape)
			}
			want[i] = x.shape[i]
		}
		if d == fixed(-1) && open < 0 {
			open = i
			continue
		}
		rest = c.times(rest, want[i])
	}
	all := c.product(x.shape)
	if open >= 0 {
		var ok bool
		if want[open], ok = over(all, rest); !ok {
			c.fail("%v can't be brought to the shape %v", x.shape, want)
		}
	} else if rest != all {
		c.fail("%v can't be brought to the shape %v, which has other sizes for other batches", x.shape, want)
	}
	return []*value{c.reshape(x, want)}
}

func (c *call) times(a, b aten.Dim) aten.Dim {
	p, ok := times(a, b)
	if !ok {
		c.fail("the sizes %v and %v have no product that is linear in the batch and small enough", a, b)
	}
	return p
}

func (c *call) product(shape []aten.Dim) aten.Dim {
	p := fixed(1)
	for _, d := range shape {
		p = c.times(p, d)
	}
	return p
}

func flattenRule(c *call) []*value {
	x := c.in(0)
	a := c.int("axis", 1)
	if a != len(x.shape) {
		a = c.axis(a, len(x.shape))
	}
	return []*value{c.reshape(x, []aten.Dim{c.product(x.shape[:a]), c.product(x.shape[a:])})}
}

// axesOf are the axes of an attribute or, in newer files, of an input. ok says whether they are given.
func (c *call) axesOf(slot int) (list []int, ok bool) {
	if c.has(slot) {
		return c.list(slot), true
	}
	list = c.ints("axes", nil)
	return list, list != nil
}

func squeezeRule(c *call) []*value {
	x := c.in(0)
	list, ok := c.axesOf(1)
	drop := c.axes(list, len(x.shape))
	shape := []aten.Dim{}
	for a, d := range x.shape {
		switch {
		case ok && !slices.Contains(drop, a) || !ok && d != fixed(1):
			shape = append(shape, d)
		case d != fixed(1):
			c.fail("axis %d of %v can't be removed: its size is not 1", a, x.shape)
		}
	}
	return []*value{c.reshape(x, shape)}
}

func unsqueezeRule(c *call) []*value {
	x := c.in(0)
	list, _ := c.axesOf(1)
	rank := len(x.shape) + len(list)
	if rank > proto.MaxRank {
		c.fail("%d axes are too many", rank)
	}
	add := c.axes(list, rank)
	shape, rest := make([]aten.Dim, rank), x.shape
	for a := range shape {
		switch {
		case slices.Contains(add, a):
			shape[a] = fixed(1)
		case len(rest) == 0:
			c.fail("the axes %v are given twice", list)
		default:
			shape[a], rest = rest[0], rest[1:]
		}
	}
	return []*value{c.reshape(x, shape)}
}

func concatRule(c *call) []*value {
	var parts []*value
	known := true
	for i := range c.node.Inputs {
		v := c.in(i)
		parts, known = append(parts, v), known && v.known != nil
	}
	if len(parts) == 0 {
		c.fail("it has no inputs")
	}
	return []*value{c.concat(c.axis(c.int("axis", 0), len(parts[0].shape)), known, parts...)}
}

// concat joins values along an axis. known says that all their elements are.
func (c *call) concat(a int, known bool, parts ...*value) *value {
	shape := slices.Clone(parts[0].shape)
	shape[a] = fixed(0)
	for _, p := range parts {
		for i := range shape {
			if len(p.shape) != len(shape) || i != a && p.shape[i] != shape[i] {
				c.fail("the shapes %v and %v can't be joined along axis %d", parts[0].shape, p.shape, a)
			}
		}
		shape[a] = aten.Dim{Fixed: shape[a].Fixed + p.shape[a].Fixed, Each: shape[a].Each + p.shape[a].Each}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	c.product(shape)
	if known {
		return concatKnown(a, shape, parts)
	}
	parts = slices.DeleteFunc(parts, func(p *value) bool { return p.shape[a] == fixed(0) })
	return c.emit("cat", args{"tensors": c.tensors(parts...), "dim": ofInt(a)}, parts[0].kind, shape)
}

func concatKnown(a int, shape []aten.Dim, parts []*value) *value {
	v := &value{kind: parts[0].kind, shape: shape, known: []number{}}
	outer := count(v.sizes()[:a])
	for o := range outer {
		for _, p := range parts {
			n := len(p.known) / outer
			v.known = append(v.known, p.known[o*n:(o+1)*n]...)
		}
	}
	return v
}

func expandRule(c *call) []*value {
	x := c.in(0)
	shape, ok := broadcast(x.shape, c.dims(1))
	if !ok {
		c.fail("%v can't be repeated to the shape %v", x.shape, c.dims(1))
	}
	return []*value{c.expand(x, shape)}
}

// expand repeats axes of length 1.
func (c *call) expand(x *value, shape []aten.Dim) *value {
	c.product(shape)
	if slices.Equal(shape, x.shape) {
		return x
	}
	if x.known != nil {
		if v := moved(x, shape, func(index []int) int { return offset(x.sizes(), index) }); v != nil {
			return v
		}
	}
	return c.emit("expand", args{"self": c.tensor(x), "size": ofDims(shape)}, x.kind, shape)
}

func tileRule(c *call) []*value {
	x, times := c.in(0), c.dims(1)
	if len(times) != len(x.shape) {
		c.fail("%d repeats are given for %d axes", len(times), len(x.shape))
	}
	shape, ones := make([]aten.Dim, len(times)), true
	for a, n := range times {
		shape[a], ones = c.times(x.shape[a], n), ones && n == fixed(1)
	}
	if ones {
		return []*value{x}
	}
	if x.known != nil {
		sizes := x.sizes()
		at := func(index []int) int {
			at := 0
			for a, d := range sizes {
				at = at*d + index[a]%d
			}
			return at
		}
		if v := moved(x, shape, at); v != nil {
			return []*value{v}
		}
	}
	return []*value{c.emit("repeat", args{"self": c.tensor(x), "repeats": ofDims(times)}, x.kind, shape)}
}

func shapeRule(c *call) []*value {
	x := c.in(0)
	rank := len(x.shape)
	clip := func(a int) int {
		if a < 0 {
			a += rank
		}
		return max(0, min(rank, a))
	}
	from, to := clip(c.int("start", 0)), clip(c.int("end", rank))
	v := &value{kind: "int64", known: []number{}}
	for a := from; a < to; a++ {
		v.known = append(v.known, toNumber(x.shape[a]))
	}
	v.shape = fixedAll(len(v.known))
	return []*value{v}
}

func sizeRule(c *call) []*value {
	return []*value{{kind: "int64", shape: []aten.Dim{}, known: []number{toNumber(c.product(c.in(0).shape))}}}
}
