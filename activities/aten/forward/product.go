package forward

import (
	"math"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// productOps are matrix products.
var productOps = map[string]builder{
	"linear":  one(linear),
	"matmul":  one(func(c *call) *graph.Node { return matmul(promote(c.tensor("self"), c.tensor("other"))) }),
	"mm":      one(func(c *call) *graph.Node { return matmul(c.tensor("self"), c.tensor("mat2")) }),
	"bmm":     one(func(c *call) *graph.Node { return matmul(c.tensor("self"), c.tensor("mat2")) }),
	"mv":      one(func(c *call) *graph.Node { return matmul(c.tensor("self"), c.tensor("vec")) }),
	"dot":     one(func(c *call) *graph.Node { return matmul(c.tensor("self"), c.tensor("tensor")) }),
	"addmm":   one(func(c *call) *graph.Node { return addProduct(c, "mat1", "mat2") }),
	"addmv":   one(func(c *call) *graph.Node { return addProduct(c, "mat", "vec") }),
	"baddbmm": one(func(c *call) *graph.Node { return addProduct(c, "batch1", "batch2") }),
	"outer":   one(outer),
	"einsum":  one(einsum),
}

// linear is x·Wᵀ + b over the last axis.
func linear(c *call) *graph.Node {
	return linearOf(c.tensor("input"), c.tensor("weight"), c.tensor("bias"))
}

// linearOf is x·Wᵀ + b; b may be nil.
func linearOf(x, w, b *graph.Node) *graph.Node {
	if x.Rank() == 0 || w.Rank() != 2 || nodes.Dims(x)[x.Rank()-1] != nodes.Dims(w)[1] {
		fail("weights of %v do not fit an input of %v", nodes.Dims(w), nodes.Dims(x))
	}
	y := graph.DotGeneral(x, []int{x.Rank() - 1}, nil, w, []int{1}, nil)
	if b == nil {
		return y
	}
	return graph.Add(level(y, b))
}

// matmul is PyTorch's: products of matrices, of which all axes before the last
// two are broadcast; a vector is a row on the left and a column on the right.
func matmul(a, b *graph.Node) *graph.Node {
	if a.Rank() == 0 || b.Rank() == 0 {
		fail("a scalar has no matrix product")
	}
	n, m := nodes.Dims(a)[a.Rank()-1], nodes.Dims(b)[max(0, b.Rank()-2)]
	if n != m {
		fail("the shapes %v and %v have no matrix product", nodes.Dims(a), nodes.Dims(b))
	}
	if a.Rank() <= 2 && b.Rank() <= 2 || b.Rank() <= 2 {
		return graph.DotGeneral(a, []int{a.Rank() - 1}, nil, b, []int{max(0, b.Rank()-2)}, nil)
	}
	row := a.Rank() == 1
	if row {
		a = nodes.InsertAxis(a, 0)
	}
	lead := joint(ofShape(a, a.Rank()-2), ofShape(b, b.Rank()-2))
	a = broadcast(a, append(append([]int{}, lead...), nodes.Dims(a)[a.Rank()-2:]...))
	b = broadcast(b, append(append([]int{}, lead...), nodes.Dims(b)[b.Rank()-2:]...))
	batch := make([]int, len(lead))
	for i := range batch {
		batch[i] = i
	}
	y := graph.DotGeneral(a, []int{len(lead) + 1}, batch, b, []int{len(lead)}, batch)
	if row {
		return nodes.Select(y, len(lead), 0)
	}
	return y
}

// ofShape is a node with the first n axes of x, to compute shapes with.
func ofShape(x *graph.Node, n int) *graph.Node {
	for x.Rank() > n {
		x = nodes.Select(x, x.Rank()-1, 0)
	}
	return x
}

func addProduct(c *call, first, second string) *graph.Node {
	y := c.scaled(matmul(c.tensor(first), c.tensor(second)), "alpha")
	if c.has("beta") && c.number("beta", 1) == 0 {
		return y
	}
	return graph.Add(level(c.scaled(c.tensor("self"), "beta"), y))
}

func outer(c *call) *graph.Node {
	a, b := promote(c.tensor("self"), c.tensor("vec2"))
	if a.Rank() != 1 || b.Rank() != 1 {
		fail("%v and %v are no vectors", nodes.Dims(a), nodes.Dims(b))
	}
	return graph.Mul(nodes.InsertAxis(a, 1), nodes.InsertAxis(b, 0))
}

// einsum multiplies tensors whose axes are named by letters, from left to right.
func einsum(c *call) *graph.Node {
	equation := strings.ReplaceAll(c.text("equation"), " ", "")
	left, out, explicit := strings.Cut(equation, "->")
	terms, all := strings.Split(left, ","), c.promoted(c.tensors("tensors"))
	if !explicit || len(terms) != len(all) || strings.Contains(equation, ".") {
		fail("the equation %q is not supported: it must have one term for each tensor, an arrow, and no ellipsis", equation)
	}
	for i, t := range terms {
		if len(t) != all[i].Rank() || repeats(t) {
			fail("the term %q of %q does not name the axes of %v once each", t, equation, nodes.Dims(all[i]))
		}
	}
	if repeats(out) || strings.Trim(out, strings.Join(terms, "")) != "" {
		fail("the result of %q has a letter twice, or one that no tensor has", equation)
	}
	x, named := all[0], terms[0]
	for i := 1; i < len(all); i++ {
		x, named = contract(x, named, all[i], terms[i], out+strings.Join(terms[i+1:], ""))
	}
	x, named = sumOthers(x, named, out)
	order := make([]int, len(out))
	for i, letter := range out {
		order[i] = strings.IndexRune(named, letter)
	}
	return nodes.Permute(x, order)
}

func repeats(letters string) bool {
	for i, l := range letters {
		if strings.IndexRune(letters, l) != i {
			return true
		}
	}
	return false
}

// sumOthers sums x over the axes whose letters are not kept.
func sumOthers(x *graph.Node, named, keep string) (*graph.Node, string) {
	var axes []int
	left := ""
	for i, l := range named {
		if strings.ContainsRune(keep, l) {
			left += string(l)
		} else {
			axes = append(axes, i)
		}
	}
	if len(axes) == 0 {
		return x, named
	}
	return graph.ReduceSum(x, axes...), left
}

// contract is the product of two tensors, summed over the letters that are not kept.
func contract(a *graph.Node, an string, b *graph.Node, bn, keep string) (*graph.Node, string) {
	a, an = sumOthers(a, an, keep+bn)
	b, bn = sumOthers(b, bn, keep+an)
	var batchA, batchB, sumA, sumB []int
	batch, onlyA, onlyB := "", "", ""
	for i, l := range an {
		k := strings.IndexRune(bn, l)
		switch {
		case k < 0:
			onlyA += string(l)
		case nodes.Dims(a)[i] != nodes.Dims(b)[k]:
			fail("the letter %q stands for %d and %d elements", l, nodes.Dims(a)[i], nodes.Dims(b)[k])
		case strings.ContainsRune(keep, l):
			batchA, batchB, batch = append(batchA, i), append(batchB, k), batch+string(l)
		default:
			sumA, sumB = append(sumA, i), append(sumB, k)
		}
	}
	for _, l := range bn {
		if !strings.ContainsRune(an, l) {
			onlyB += string(l)
		}
	}
	return graph.DotGeneral(a, sumA, batchA, b, sumB, batchB), batch + onlyA + onlyB
}

// attentionOps are forms of softmax(QKᵀ·scale + mask)·V.
var attentionOps = map[string]builder{
	"scaled_dot_product_attention":                one(attention),
	"_scaled_dot_product_flash_attention_for_cpu": one(attention),
}

// attention has query [batch, heads, length, size], and key and value likewise.
func attention(c *call) *graph.Node {
	q, k, v := c.tensor("query"), c.tensor("key"), c.tensor("value")
	if q.Rank() < 2 || k.Rank() != q.Rank() || v.Rank() != q.Rank() || c.number("dropout_p", 0) != 0 {
		fail("query %v, key %v, value %v and dropout %v do not fit: dropout must be 0", nodes.Dims(q), nodes.Dims(k), nodes.Dims(v), c.number("dropout_p", 0))
	}
	if c.flag("enable_gqa", false) {
		k, v = repeatHeads(k, q), repeatHeads(v, q)
	}
	size := nodes.Dims(q)[q.Rank()-1]
	q = graph.MulScalar(q, c.number("scale", 1/math.Sqrt(float64(size))))
	scores := matmul(q, nodes.Swap(k, k.Rank()-2, k.Rank()-1))
	if c.flag("is_causal", false) {
		rows, columns := c.grid(nodes.Dims(scores)[q.Rank()-2], nodes.Dims(scores)[q.Rank()-1])
		scores = masked(scores, graph.LessOrEqual(columns, rows))
	}
	if m := c.tensor("attn_mask"); m != nil {
		if m.DType() == dtypes.Bool {
			scores = masked(scores, m)
		} else {
			scores = graph.Add(level(scores, convert(m, scores.DType())))
		}
	}
	return matmul(softmaxAlong(scores, scores.Rank()-1), v)
}

// masked is −∞ where keep is false.
func masked(scores, keep *graph.Node) *graph.Node {
	return choose(keep, scores, nodes.ScalarLike(scores, math.Inf(-1)))
}

// repeatHeads gives each of the few heads of x to as many of q's.
func repeatHeads(x, q *graph.Node) *graph.Node {
	if x.Rank() < 3 {
		fail("%v has no heads", nodes.Dims(x))
	}
	a := x.Rank() - 3
	have, want := nodes.Dims(x)[a], nodes.Dims(q)[a]
	if want%have != 0 {
		fail("%d heads cannot be shared by %d", have, want)
	}
	y := nodes.InsertAxis(x, a+1)
	to := append([]int{}, nodes.Dims(y)...)
	to[a+1] = want / have
	final := append([]int{}, nodes.Dims(x)...)
	final[a] = want
	return graph.Reshape(broadcast(y, to), final...)
}
