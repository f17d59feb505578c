package pipelines

import (
	"encoding/json"
	"strings"

	"lossatlas/artifacts"
)

// Network is which network a step works on: the name of a built-in one, the
// layers of one that is written out in the sweep file, as canonical JSON (a list
// of Layer), or the digest of one from a file, whose operations are in the store. In
// JSON it is a string or that list. The name of a written-out network or a file is
// no part of it, so that equal networks share results whatever they are called.
type Network string

// OfProgram is the network whose operations have a digest.
func OfProgram(d artifacts.Digest) Network { return Network(d.String()) }

// Program is the digest of the operations of a network from a file.
func (n Network) Program() (d artifacts.Digest, ok bool) {
	d, err := artifacts.ParseDigest(string(n))
	return d, err == nil
}

// Written says that the network is a list of layers.
func (n Network) Written() bool { return strings.HasPrefix(string(n), "[") }

// String is the name, or "net-" and the beginning of the digest of the layers or operations.
func (n Network) String() string {
	if d, ok := n.Program(); ok {
		return "net-" + d.Hex()[:8]
	}
	if !n.Written() {
		return string(n)
	}
	return "net-" + artifacts.Of([]byte(n)).Hex()[:8]
}

// MarshalJSON writes a name as a string and layers as a list.
func (n Network) MarshalJSON() ([]byte, error) {
	if n.Written() {
		return []byte(n), nil
	}
	return json.Marshal(string(n))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Network) UnmarshalJSON(b []byte) error {
	if strings.HasPrefix(string(b), "[") {
		var layers []Layer
		if err := json.Unmarshal(b, &layers); err != nil {
			return err
		}
		next, err := NetworkOf(layers)
		*n = next
		return err
	}
	return json.Unmarshal(b, (*string)(n))
}

// NetworkOf is the network that consists of layers.
func NetworkOf(layers []Layer) (Network, error) {
	b, err := json.Marshal(layers)
	return Network(b), err
}

// Layer is one layer of a written-out network, with all defaults filled in.
type Layer struct {
	Kind string `json:"kind"` // as in a sweep file
	// Name is the prefix of the names of the layer's weights.
	Name string `json:"name,omitempty"`
	Out  int    `json:"out,omitempty"` // filters of a conv, outputs of a linear, features of an embedding
	// Kernel of an avgpool is 0 for the mean over the whole image.
	Kernel   Sides   `json:"kernel,omitzero"`
	Stride   Sides   `json:"stride,omitzero"`
	Padding  Sides   `json:"padding,omitzero"`
	Dilation Sides   `json:"dilation,omitzero"` // 0 means 1
	Ceil     bool    `json:"ceil,omitempty"`    // windows of a pool may reach beyond the padding
	Groups   int     `json:"groups,omitempty"`  // of a conv (0 means 1) or groupnorm
	Bias     bool    `json:"bias,omitempty"`    // of a conv or attention; a linear always has one
	Affine   bool    `json:"affine,omitempty"`  // a normalization has a scale and a shift
	Epsilon  float64 `json:"epsilon,omitempty"` // of a normalization
	Slope    float64 `json:"negative_slope,omitempty"`
	Alpha    float64 `json:"alpha,omitempty"`
	// Approximate is tanh for that form of a gelu.
	Approximate string  `json:"approximate,omitempty"`
	Rate        float64 `json:"rate,omitempty"`    // of a dropout
	Heads       int     `json:"heads,omitempty"`   // of an attention
	Causal      bool    `json:"causal,omitempty"`  // of an attention
	Entries     int     `json:"entries,omitempty"` // of an embedding
	Index       int     `json:"index,omitempty"`   // of a pick
	// Init is the standard deviation of initial weights, 0 for the kind's own.
	Init     float64 `json:"init,omitempty"`
	Body     []Layer `json:"body,omitempty"`     // of a residual or dense
	Shortcut []Layer `json:"shortcut,omitempty"` // of a residual; empty is the identity
	Pad      bool    `json:"pad,omitempty"`      // the shortcut of a residual takes every n-th pixel and adds channels of zeros
}

// Sides are two numbers, for rows and columns. In JSON equal ones are one number.
type Sides [2]int

// MarshalJSON writes one number or two.
func (s Sides) MarshalJSON() ([]byte, error) {
	if s[0] == s[1] {
		return json.Marshal(s[0])
	}
	return json.Marshal([2]int(s))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Sides) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &s[0]); err == nil {
		s[1] = s[0]
		return nil
	}
	return json.Unmarshal(b, (*[2]int)(s))
}
