package aten

// Cost is the work and memory of the forward pass of one batch.
type Cost struct {
	// MACs is the number of multiply-adds of convolutions and matrix products.
	MACs int64
	// Kept is the number of elements of all results of operations, an upper bound of what a gradient keeps. Results that only
	// rearrange elements are not counted.
	Kept int64
	// Largest is the number of elements of the largest result.
	Largest int64
}

// Cost is the cost of a batch for which forward.Shapes gives the shapes of all values.
func (p *Program) Cost(shapes map[string][]int) Cost {
	var c Cost
	for i := range p.Ops {
		op := &p.Ops[i]
		c.MACs += macs(op, shapes)
		if rearranging[op.Name] {
			continue
		}
		for _, out := range op.Out {
			if d, ok := shapes[out]; ok {
				n := int64(size(d))
				c.Kept += n
				c.Largest = max(c.Largest, n)
			}
		}
	}
	return c
}

// size is the number of elements of a shape.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// macs counts the multiply-adds of one operation.
func macs(op *Op, shapes map[string][]int) int64 {
	of := func(arg string) []int { return shapes[op.Args[arg].Value] }
	out := int64(size(shapes[op.Out[0]]))
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
			return int64(size(of("input"))) * int64(size(w[1:]))
		}
		return out * int64(size(w[1:]))
	case "conv_transpose1d", "conv_transpose2d":
		return int64(size(of("input"))) * int64(size(of("weight")[1:]))
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
		return int64(size(q[:len(q)-1])) * int64(k[len(k)-2]) * (last(q) + last(v))
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
			n += int64(size(d))
		}
	}
	return n * int64(x[0]*x[1])
}
