package aten

// Cost is what the forward pass of one batch takes.
type Cost struct {
	// MACs is the number of multiply-adds of convolutions and matrix products.
	MACs int64
	// Kept is the number of elements of all results of operations, which a
	// gradient keeps at most. Rearranged tensors are not counted.
	Kept int64
	// Largest is the number of elements of the largest result.
	Largest int64
}

// Cost computes what a batch takes. It is an error where Check is one.
func (p *Program) Cost(batch int) (Cost, error) {
	shapes, err := p.Shapes(batch)
	if err != nil {
		return Cost{}, err
	}
	var c Cost
	for i := range p.Ops {
		op := &p.Ops[i]
		c.MACs += macs(op, shapes)
		if rearranging[op.Name] {
			continue
		}
		for _, out := range op.Out {
			if d, ok := shapes[out]; ok {
				n := int64(product(d))
				c.Kept += n
				c.Largest = max(c.Largest, n)
			}
		}
	}
	return c, nil
}

// macs counts the multiply-adds of one operation.
func macs(op *Op, shapes map[string][]int) int64 {
	of := func(arg string) []int { return shapes[op.Args[arg].Value] }
	out := int64(product(shapes[op.Out[0]]))
	last := func(d []int) int64 {
		if len(d) == 0 {
			return 0
		}
		return int64(d[len(d)-1])
	}
	switch op.Name {
	case "conv1d", "conv2d", "conv3d", "convolution":
		w := of("weight")
		if transposed := op.Args["transposed"].Flag; transposed != nil && *transposed {
			return int64(product(of("input"))) * int64(product(w[1:]))
		}
		return out * int64(product(w[1:]))
	case "conv_transpose1d", "conv_transpose2d":
		return int64(product(of("input"))) * int64(product(of("weight")[1:]))
	case "linear":
		return out * last(of("input"))
	case "matmul", "mm", "bmm", "mv", "dot":
		return out * last(of("self"))
	case "addmm":
		return out * last(of("mat1"))
	case "addmv":
		return out * last(of("mat"))
	case "baddbmm":
		return out * last(of("batch1"))
	case "scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu":
		q, k, v := of("query"), of("key"), of("value")
		return int64(product(q[:len(q)-1])) * int64(k[len(k)-2]) * (last(q) + last(v))
	case "lstm", "gru", "rnn_tanh", "rnn_relu":
		return recurrentMACs(op, shapes)
	}
	return 0
}

// recurrentMACs is the number of elements of all weights, for each step of each example.
func recurrentMACs(op *Op, shapes map[string][]int) int64 {
	x := shapes[op.Args["input"].Value]
	var n int64
	for _, v := range op.Args["params"].Values {
		if d := shapes[v]; len(d) == 2 {
			n += int64(product(d))
		}
	}
	return n * int64(x[0]*x[1])
}
