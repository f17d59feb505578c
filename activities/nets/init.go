package nets

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// linearDeviation is the standard deviation of a linear layer's initial weights.
const linearDeviation = 0.001

// Init draws initial parameters: kernels of convolutions from a normal
// distribution with variance 2/fan-in (He et al. 2015), linear weights with
// standard deviation 0.001 (0.02 those on tokens, of attentions and of embeddings), unless
// the layer has one of its own, biases 0, normalizations 1 and 0, running
// statistics mean 0 and variance 1. Each tensor has its own random stream,
// keyed by the seed and its name, so that networks that share a layer share
// its initial values.
func (n *Net) Init(seed uint64) (theta, state []float32) {
	theta, state = make([]float32, n.NumParams()), make([]float32, n.NumState())
	for _, p := range n.Params() {
		v := p.Of(theta)
		switch {
		case p.Deviation != 0:
			fillNormal(v, p.Deviation, seed, p.Name)
		case p.Role == Conv:
			fanIn := p.Size / p.Shape[0]
			fillNormal(v, math.Sqrt(2/float64(fanIn)), seed, p.Name)
		case p.Role == Linear:
			fillNormal(v, linearDeviation, seed, p.Name)
		case p.Role == BNScale:
			fillOnes(v)
		}
	}
	for _, p := range n.State() {
		if p.Role == RunningVar {
			fillOnes(p.Of(state))
		}
	}
	return theta, state
}

func fillOnes(v []float32) {
	for i := range v {
		v[i] = 1
	}
}

func fillNormal(v []float32, deviation float64, seed uint64, name string) {
	key := sha256.Sum256(append(binary.LittleEndian.AppendUint64([]byte("initial weights\x00"), seed), name...))
	rng := rand.New(rand.NewChaCha8(key))
	for i := range v {
		v[i] = float32(deviation * rng.NormFloat64())
	}
}
