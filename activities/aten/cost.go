package aten

// MACs is the number of multiply-adds of the convolutions and matrix products for one example, 0 where the program can't be built.
func (p *Program) MACs() (sum int64) {
	shapes, err := p.Shapes(1)
	if err != nil {
		return 0
	}
	for _, o := range p.Ops {
		out := numbers(shapes[o.Out[0]])
		switch o.Name {
		case "convolution", "conv1d", "conv2d", "conv3d", "linear":
			if w := shapes[o.Args["weight"].Value]; len(w) > 0 {
				sum += out * numbers(w) / int64(w[0]) // the numbers of one filter for each output
			}
		case "addmm":
			sum += out * inner(shapes[o.Args["mat1"].Value])
		case "baddbmm":
			sum += out * inner(shapes[o.Args["batch1"].Value])
		case "mm", "bmm", "matmul":
			sum += out * inner(shapes[o.Args["self"].Value])
		}
	}
	return sum
}

// Activations estimates how many numbers of one example a backward pass keeps, the results of all operations but views, and
// how many are there at a time in a forward pass: the arguments and results of one operation.
func (p *Program) Activations() (kept, peak int64) {
	shapes, err := p.Shapes(1)
	if err != nil {
		return 0, 0
	}
	fixed := map[string]bool{}
	for _, t := range append(append([]Tensor(nil), p.Params...), p.Buffers...) {
		fixed[t.Value] = true
	}
	for _, o := range p.Ops {
		var in, out int64
		ofExamples := false // else it is the same for every batch
		for _, a := range o.Args {
			for _, name := range append([]string{a.Value}, a.Values...) {
				if name != "" && !fixed[name] {
					in += numbers(shapes[name])
					ofExamples = true
				}
			}
		}
		for _, name := range o.Out {
			out += numbers(shapes[name])
			fixed[name] = !ofExamples
		}
		if !ofExamples {
			continue
		}
		if !views[o.Name] {
			kept += out
		}
		peak = max(peak, in+out)
	}
	return kept, peak
}

// views are operations whose results share their argument's numbers, or are compiled into the next operation.
var views = map[string]bool{
	"view": true, "reshape": true, "flatten": true, "permute": true, "transpose": true, "t": true, "expand": true, "unsqueeze": true, "squeeze": true,
	"alias": true, "clone": true, "detach": true, "contiguous": true, "dropout": true,
}

func numbers(shape []int) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= int64(d)
	}
	return n
}

// inner is the length of the sums of a matrix product whose left factor has the shape.
func inner(left []int) int64 {
	if len(left) == 0 {
		return 0
	}
	return int64(left[len(left)-1])
}
