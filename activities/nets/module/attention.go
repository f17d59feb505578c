package module

import "fmt"

// attention is multi-head self-attention (Vaswani et al. 2017), softmax(QKᵀ/√d)·V for each head of d features, between two
// projections. Its parameters match PyTorch's nn.MultiheadAttention: in_proj_weight has the rows of Q, K and V.
func attention(f Fields, in Shape) (*Module, error) {
	if err := in.sequence(f.title()); err != nil {
		return nil, err
	}
	n, t := in.Channels, in.Length
	if f.Heads < 1 || n%f.Heads != 0 {
		return nil, fmt.Errorf("%s: %d heads do not divide %d features", f.title(), f.Heads, n)
	}
	m := floats(in)
	project := func(x arg, weight, bias string, out int) arg {
		a := args{"input": x, "weight": m.param(Param{Suffix: weight, Role: Linear, Shape: []int{out, n}, Deviation: f.deviation()})}
		if f.Bias {
			a["bias"] = m.param(Param{Suffix: bias, Role: Bias, Shape: []int{out}})
		}
		return m.do("linear", a)
	}
	all := project(tensor(input), ".in_proj_weight", ".in_proj_bias", 3*n)
	all = m.do("view", args{"self": all, "size": sizes(each, fixed(t), fixed(3), fixed(f.Heads), fixed(n/f.Heads))})
	all = m.do("permute", args{"self": all, "dims": integers(2, 0, 3, 1, 4)}) // [Q K V, batch, heads, tokens, features]
	part := func(i int) arg { return m.do("select", args{"self": all, "dim": integer(0), "index": integer(i)}) }
	q, k, v := part(0), part(1), part(2)
	y := m.do("scaled_dot_product_attention", args{"query": q, "key": k, "value": v, "is_causal": flag(f.Causal)})
	y = m.do("permute", args{"self": y, "dims": integers(0, 2, 1, 3)})
	y = m.do("reshape", args{"self": y, "shape": sizes(each, fixed(t), fixed(n))})
	project(y, ".out_proj.weight", ".out_proj.bias", n)
	length, features := int64(t), int64(n)
	m.MACs = 4*length*features*features + 2*length*length*features
	m.Kept = 4*length*features + 2*int64(f.Heads)*length*length // Q, K, V and the heads' results; scores and their softmax
	return m, nil
}
