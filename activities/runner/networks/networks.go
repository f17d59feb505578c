// Package networks builds the networks that steps name: of a family, written out, or of operations from a file.
package networks

import (
	"fmt"
	"sync"

	"lossatlas/activities/aten"
	"lossatlas/activities/hlo"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// programs are the networks from files that this process has read, by the digest of their operations: *aten.Program or *hlo.Program.
var programs sync.Map

// AddProgram makes the network of operations, in the encoding of aten.Program or hlo.Program, known to [Of] in this process.
func AddProgram(encoded []byte) (pipelines.Network, error) {
	var p any
	var err error
	if hlo.Is(encoded) {
		p, err = hlo.Parse(encoded)
	} else {
		p, err = aten.Parse(encoded)
	}
	if err != nil {
		return "", err
	}
	d := artifacts.Of(encoded)
	programs.Store(d, p)
	return pipelines.OfProgram(d), nil
}

// Forget makes operations unknown, as in a new process.
func Forget(d artifacts.Digest) { programs.Delete(d) }

// HasProgram reports whether operations are known to this process.
func HasProgram(d artifacts.Digest) bool {
	_, ok := programs.Load(d)
	return ok
}

// Of is the network that a step's parameters name, write out, or refer to by the digest of
// operations that are known to this process, built for a problem.
func Of(n pipelines.Network, of pipelines.Problem) (*nets.Net, error) {
	return Named(n.String(), n, of)
}

// Named is Of under a name that the user knows, for messages.
func Named(name string, n pipelines.Network, of pipelines.Problem) (*nets.Net, error) {
	p, err := problem.Parse([]byte(of))
	if err != nil {
		return nil, err
	}
	d, ok := n.Program()
	if !ok {
		return nets.Of(string(n), name, p)
	}
	known, ok := programs.Load(d)
	if !ok {
		return nil, fmt.Errorf("the operations of the network %s are not at hand", name)
	}
	if own := stableHLO(n); own != nil {
		return nets.FromStableHLO(name, own, p)
	}
	return nets.FromProgram(name, known.(*aten.Program), p)
}

// CheckCurvature returns an error that names what second derivatives lack of a network that is known to this process.
func CheckCurvature(n pipelines.Network) error {
	if p := stableHLO(n); p != nil {
		return p.CheckHVP()
	}
	return nil
}

// NeedsXLA says that a network that is known to this process can't be computed by the pure-Go backend.
func NeedsXLA(n pipelines.Network) bool { return stableHLO(n) != nil }

// stableHLO are the programs of a network, nil if it has operations or layers.
func stableHLO(n pipelines.Network) *hlo.Program {
	d, _ := n.Program()
	known, _ := programs.Load(d)
	p, _ := known.(*hlo.Program)
	return p
}
