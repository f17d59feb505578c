package nets

import "lossatlas/activities/nets/module"

// Role is the function of a parameter or buffer in its layer.
type Role = module.Role

// The roles.
const (
	Conv        = module.Conv
	Linear      = module.Linear
	Bias        = module.Bias
	BNScale     = module.BNScale
	BNShift     = module.BNShift
	RunningMean = module.RunningMean
	RunningVar  = module.RunningVar
	Embedding   = module.Embedding
	Other       = module.Other
)

// Param is one named tensor within a flat vector: θ for parameters, the state
// vector for running statistics. Its elements are vector[Offset : Offset+Size]
// in C order.
type Param struct {
	Name   string // PyTorch's name, such as "layer1.0.conv1.weight"
	Shape  []int
	Offset int
	Size   int
	Role   Role
	// Deviation is the standard deviation of initial values, where it is not that of the role.
	Deviation float64
	// Axes are the axes along which the filters of a weight lie: the outputs of its layer, the rows of an embedding. None
	// stands for the first. Blocks is the number of equal parts of the first axis that have filters of their own; 0 means 1.
	Axes   []int
	Blocks int
}

// Filters is the number of filters of a weight, 0 for other parameters. Order lists the elements of the tensor filter after
// filter; nil means that they lie so. The elements of a filter keep their order.
func (p Param) Filters() (n int, order []int) {
	switch {
	case !p.Role.IsWeight():
		return 0, nil
	case len(p.Axes) == 0 && len(p.Shape) == 0:
		return 1, nil
	case len(p.Axes) == 0:
		return p.Shape[0], nil
	}
	shape, axes := p.Shape, p.Axes
	if p.Blocks > 1 {
		shape, axes = append([]int{p.Blocks, shape[0] / p.Blocks}, shape[1:]...), []int{0}
		for _, a := range p.Axes {
			axes = append(axes, a+1)
		}
	}
	n, stride := 1, make([]int, len(shape))
	for i, size := len(shape)-1, 1; i >= 0; i-- {
		stride[i], size = size, size*shape[i]
	}
	for _, a := range axes {
		n *= shape[a]
	}
	next, order := make([]int, n), make([]int, p.Size)
	for i := range p.Size {
		filter := 0
		for _, a := range axes {
			filter = filter*shape[a] + i/stride[a]%shape[a]
		}
		order[filter*(p.Size/n)+next[filter]] = i
		next[filter]++
	}
	return n, order
}

// Of is the part of the flat vector v that the parameter occupies. It shares memory with v.
func (p Param) Of(v []float32) []float32 {
	return v[p.Offset : p.Offset+p.Size : p.Offset+p.Size]
}

// Length is the length of the flat vector that a table describes.
func Length(table []Param) int {
	n := 0
	for _, p := range table {
		n = max(n, p.Offset+p.Size)
	}
	return n
}
