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
	Kind string `json:"kind"` // conv, linear, bn, relu, maxpool, avgpool, flatten, residual, dense
	// Name is what the names of the weights of a conv, linear or bn begin with.
	Name string `json:"name,omitempty"`
	Out  int    `json:"out,omitempty"` // filters of a conv, outputs of a linear
	// Kernel of an avgpool is 0 for the mean over the whole image.
	Kernel   int     `json:"kernel,omitempty"`
	Stride   int     `json:"stride,omitempty"`
	Padding  int     `json:"padding,omitempty"`
	Bias     bool    `json:"bias,omitempty"`     // of a conv; a linear always has one
	Body     []Layer `json:"body,omitempty"`     // of a residual or dense
	Shortcut []Layer `json:"shortcut,omitempty"` // of a residual; none is the identity
}
