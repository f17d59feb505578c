package nets

import "lossatlas/activities/nets/module"

// Role says what a parameter or buffer does in its layer.
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
)

// Param is one named tensor within a flat vector: θ for parameters, the state
// vector for running statistics. Its elements are vector[Offset : Offset+Size]
// in C order. For a Conv or Linear parameter the filters are the Shape[0]
// consecutive runs of Size/Shape[0] elements.
type Param struct {
	Name   string // PyTorch's name, such as "layer1.0.conv1.weight"
	Shape  []int
	Offset int
	Size   int
	Role   Role
	// Deviation is the standard deviation of initial values, where it is not that of the role.
	Deviation float64
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
