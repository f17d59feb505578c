package module

// Role is the function of a parameter or buffer in its layer. Directions treat biases and parameters of normalizations
// differently from filters.
type Role int

// The roles of parameters (Conv to BNShift, Embedding) and of buffers (RunningMean, RunningVar).
const (
	Conv        Role = iota // kernel of a convolution, [out, in, height, width]
	Linear                  // weights of a fully connected layer or of a projection of an attention, [out, in]
	Bias                    // bias of these, [out]
	BNScale                 // γ of a normalization, [channels]
	BNShift                 // β of a normalization, [channels]
	RunningMean             // running mean of a batch normalization, [channels]
	RunningVar              // running (unbiased) variance, [channels]
	Embedding               // vectors of indices or positions, [entries, features]
	Other                   // another parameter without filters, or another buffer
)

// String is the role in words.
func (r Role) String() string {
	return [...]string{"convolution", "weight", "bias", "scale of a normalization", "shift of a normalization", "running mean", "running variance", "embedding", "other"}[r]
}

// IsWeight reports whether the parameter is the weight tensor of a layer, which consists of filters (Li et al. 2018,
// section 4), and not a bias or a parameter of a normalization.
func (r Role) IsWeight() bool { return r == Conv || r == Linear || r == Embedding }
