package nets

// Role says what a parameter or buffer does in its layer. Directions treat
// biases and batch-normalisation parameters differently from filters.
type Role int

// The roles of parameters (Conv to BNShift) and of buffers (RunningMean, RunningVar).
const (
	Conv        Role = iota // kernel of a convolution, [out, in, height, width]
	Linear                  // weights of a fully connected layer, [out, in]
	Bias                    // bias of either, [out]
	BNScale                 // γ of a batch normalisation, [channels]
	BNShift                 // β of a batch normalisation, [channels]
	RunningMean             // running mean of a batch normalisation, [channels]
	RunningVar              // running (unbiased) variance, [channels]
)

// String is the role in words.
func (r Role) String() string {
	return [...]string{"convolution", "weight", "bias", "scale of a normalization", "shift of a normalization", "running mean", "running variance"}[r]
}

// IsWeight reports whether the parameter is the weight tensor of a layer, one
// whose slices along the first axis are filters (Li et al. 2018, section 4),
// and not a bias or a parameter of batch normalisation.
func (r Role) IsWeight() bool { return r == Conv || r == Linear }

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
