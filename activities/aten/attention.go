package aten

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// attentionOps are forms of softmax(QKᵀ·scale + mask)·V.
var attentionOps = map[string]operation{
	"scaled_dot_product_attention":                {attentionArgs + ", enable_gqa flag?", one(attention)},
	"_scaled_dot_product_flash_attention_for_cpu": {attentionArgs, one(attention)},
}

const attentionArgs = "query tensor, key tensor, value tensor, attn_mask tensor?, dropout_p number?, is_causal flag?, scale number?"

// attention has query [batch, heads, length, size], and key and value likewise.
func attention(c *call) *graph.Node {
	q, k, v := c.tensor("query"), c.tensor("key"), c.tensor("value")
	if q.Rank() < 2 || k.Rank() != q.Rank() || v.Rank() != q.Rank() || c.number("dropout_p", 0) != 0 {
		fail("query %v, key %v, value %v and dropout %v do not fit: dropout must be 0", dims(q), dims(k), dims(v), c.number("dropout_p", 0))
	}
	if c.flag("enable_gqa", false) {
		k, v = repeatHeads(k, q), repeatHeads(v, q)
	}
	size := dims(q)[q.Rank()-1]
	q = graph.MulScalar(q, c.number("scale", 1/math.Sqrt(float64(size))))
	scores := matmul(q, swapped(k, k.Rank()-2, k.Rank()-1))
	if c.flag("is_causal", false) {
		rows, columns := c.grid(dims(scores)[q.Rank()-2], dims(scores)[q.Rank()-1])
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
	return choose(keep, scores, scalarLike(scores, math.Inf(-1)))
}

// repeatHeads gives each of the few heads of x to as many of q's.
func repeatHeads(x, q *graph.Node) *graph.Node {
	if x.Rank() < 3 {
		fail("%v has no heads", dims(x))
	}
	a := x.Rank() - 3
	have, want := dims(x)[a], dims(q)[a]
	if want%have != 0 {
		fail("%d heads cannot be shared by %d", have, want)
	}
	y := insertAxis(x, a+1)
	to := append([]int{}, dims(y)...)
	to[a+1] = want / have
	final := append([]int{}, dims(x)...)
	final[a] = want
	return graph.Reshape(broadcast(y, to), final...)
}
