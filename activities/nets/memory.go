package nets

import "lossatlas/activities/nets/module"

// Memory is an estimate of the bytes that a network needs on the device.
type Memory struct {
	Evaluate int64 // a forward pass with stored statistics
	Train    int64 // a training step: forward, backward and update
	Product  int64 // a Hessian-vector product: forward with tangents, and backward
}

// Memory estimates what batches of the given size need in float32.
//
// An evaluation holds θ three times (centre, direction, their sum) and the
// largest set of activations that must be there at a time. A training step
// keeps the output of every convolution, pooling, linear layer, block and
// activation function for the way back, and holds θ five times (parameters,
// velocity, gradient, its sum, and the new parameters). Batch normalisations
// are counted with the function behind them, into which they are compiled. A
// Hessian-vector product carries a tangent with every activation and updates
// nothing: it holds θ four times (parameters, direction, product, its sum). The
// compiler and the work space of convolutions come on top, and a compiled
// program doesn't free at the first moment: measured peaks of the whole process
// (ResNet-20, WRN-56-2, DenseNet-121) are twice the estimate and 400 MB, and for
// Hessian-vector products 1.8 times (VGG-9) to 3.4 times it (ResNet-20) and 400 MB.
func (n *Net) Memory(batch int) Memory {
	kept, peak := n.activations()
	const size = 4
	images, theta := int64(batch)*size, int64(n.NumParams())*size
	return Memory{Evaluate: images*peak + 3*theta, Train: images*(kept+peak) + 5*theta, Product: 2*images*(kept+peak) + 4*theta}
}

// activations are what footprint says of the network.
func (n *Net) activations() (kept, peak int64) {
	if n.program != nil {
		return n.program.cost.Kept, 2 * n.program.cost.Largest // an argument and a result
	}
	if n.foreign != nil { // its program's memory is unknown: at least the examples
		return int64(n.Problem.Size()), int64(n.Problem.Size())
	}
	in, _ := inputShape(n.Problem) // New has checked it
	_, kept, peak = footprint(n.layers, in)
	return kept, peak
}

// footprint walks through layers that New has checked. kept is the number of
// activations of one image that a backward pass needs, peak the largest number
// that is alive at a time in a forward pass, the input included.
func footprint(layers []Layer, in Shape) (out Shape, kept, peak int64) {
	peak = in.Size()
	for _, l := range layers {
		var bodyKept, bodyPeak int64
		switch l := l.(type) {
		case Residual:
			var body Shape
			body, bodyKept, bodyPeak = footprint(l.Body, in)
			_, shortKept, shortPeak := footprint(l.Shortcut, in)
			out = body
			// The input stays while the body runs, and the body's output while the shortcut does.
			bodyKept, bodyPeak = bodyKept+shortKept+out.Size(), max(bodyPeak+in.Size(), shortPeak+out.Size())
		case Dense:
			out, bodyKept, bodyPeak = footprint(l.Body, in)
			out.Channels += in.Channels
			bodyKept, bodyPeak = bodyKept+out.Size(), max(bodyPeak+in.Size(), in.Size()+out.Size())
		case Translated:
			m, err := module.New(l.Fields, in)
			if err != nil {
				return in, kept, peak // New has refused the network before
			}
			out, bodyKept, bodyPeak = m.Out, m.Kept+m.Out.Size(), m.Kept+in.Size()+m.Out.Size()
		case BatchNorm, Flatten:
			out = after(l, in)
			bodyPeak = in.Size()
		default:
			out = after(l, in)
			bodyKept, bodyPeak = out.Size(), in.Size()+out.Size()
		}
		kept, peak, in = kept+bodyKept, max(peak, bodyPeak), out
	}
	return in, kept, peak
}

// after is the shape that a checked layer gives.
func after(l Layer, in Shape) Shape {
	_, out, err := l.plan(&planner{names: map[string]bool{}}, in)
	if err != nil {
		return in // New has refused the network before
	}
	return out
}
