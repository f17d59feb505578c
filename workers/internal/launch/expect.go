package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"lossatlas/activities/aten"
	"lossatlas/activities/checks"
	"lossatlas/activities/hlo"
	"lossatlas/activities/nets"
	"lossatlas/artifacts"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/exit"
)

// agreements are the comparisons with expected outputs that this process has made, by network, weights and file: string.
var agreements sync.Map

// checkOutputs compares the outputs of the network in a file, with encoded weights, with those that a file expects. It returns a
// sentence for the user, and an error where they differ by more than rounding.
func checkOutputs(encoded []byte, i sweepfile.Import, expect string) (string, error) {
	info, err := os.Stat(expect)
	if err != nil {
		return "", exit.Usagef("train.expect: the outputs can't be read: %w", err)
	}
	key := fmt.Sprint(i.Net, artifacts.Of(encoded), expect, info.Size(), info.ModTime().UnixNano())
	if known, ok := agreements.Load(key); ok {
		return known.(string), nil
	}
	n, err := network(sweepfile.NamedNetwork{Name: i.Name, Network: i.Net, Problem: i.Problem})
	if err != nil {
		return "", err
	}
	theta, state, err := n.Decode(encoded)
	if err != nil {
		return "", err
	}
	m := modelOf(i.Net)
	if m == nil {
		return "", exit.Usagef("expected outputs are for networks from files, and %s is built in: leave expect out", i.Name)
	}
	said, err := m.compare(cut(n.Params(), theta), cut(n.State(), state), expect)
	if err != nil {
		return "", err
	}
	agreements.Store(key, said)
	return said, nil
}

// compare compares the outputs for parameters and buffers in the order of the program's tables.
func (m *model) compare(params, buffers [][]float32, expect string) (string, error) {
	if hlo.Is(m.program) {
		return "", exit.Usagef("outputs can't be compared: StableHLO programs return losses only; leave expect out")
	}
	p, err := aten.Parse(m.program)
	if err != nil {
		return "", err
	}
	a, err := checks.Outputs(p, params, buffers, expect)
	if err != nil {
		return "", exit.Usagef("the outputs of the network differ from the expected ones: %w", err)
	}
	return fmt.Sprintf("outputs agree with %s to %.0e (%d examples; up to %.0e is rounding)", filepath.Base(expect), max(a.Difference, 1e-16), a.Examples, a.Tolerance), nil
}

// cut are the tensors of a table in a flat vector.
func cut(table []nets.Param, flat []float32) [][]float32 {
	out := make([][]float32, len(table))
	for i, p := range table {
		out[i] = p.Of(flat)
	}
	return out
}

// CheckOutputs compares the outputs of the network in a file, with the weights in it, as train.expect does.
func CheckOutputs(path, expect string) (string, error) {
	m, err := readModel(path)
	if err != nil {
		return "", err
	}
	known, err := ReadModel(path)
	if err != nil {
		return "", err
	}
	values := func(table []nets.Param) (out [][]float32) {
		for _, p := range table {
			out = append(out, m.values[p.Name])
		}
		return out
	}
	return m.compare(values(known.Params), values(known.Buffers), expect)
}
