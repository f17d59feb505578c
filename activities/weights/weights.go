// Package weights reads the weights of a network, and directions, from files that
// other programs wrote: PyTorch's checkpoints, .safetensors and .npz. It compares a
// file's list of names, types and shapes with the network's tables before it reads any
// number, so that time and memory are bounded by the network and not by the file.
package weights

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/nets"
)

// Read reads the parameters and running statistics of a network. Notes say what
// was done to fit the file to it: a prefix of all names that was taken off, tensors
// that were ignored. The error lists what differs from the network, or which
// tensors hold numbers that are not finite.
func Read(path string, net *nets.Net, rename Rename) (theta, state []float32, notes []string, err error) {
	return ReadAs(path, net, rename, nil)
}

// ReadAs is Read for a file that stores some tensors, by their names, with axes in another order than the network.
func ReadAs(path string, net *nets.Net, rename Rename, layouts map[string]Layout) (theta, state []float32, notes []string, err error) {
	table := slices.Concat(net.Params(), net.State())
	f, err := open(path, len(table))
	if err != nil {
		return nil, nil, nil, err
	}
	defer f.Close()
	f.layouts = layouts
	given, err := rename.apply(f.tensors(""))
	if err != nil {
		return nil, nil, nil, err
	}
	at, notes, err := f.fit(given, table, func(missing, foreign []described) string {
		return cmp.Or(adviseRenames(missing, foreign, table), adviseShortcuts(net, missing))
	})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("these weights do not belong to the network %s:\n  %w", net.Name, err)
	}
	theta, err = f.load(at, net.Params())
	state, stateErr := f.load(at[len(net.Params()):], net.State())
	return theta, state, append(f.notes, notes...), errors.Join(err, stateErr)
}

// ReadDirections reads the first directions of a file, as many as axes (1 or 2),
// whose tensors are called x/<parameter> and y/<parameter>. Notes and errors are as of Read.
func ReadDirections(path string, net *nets.Net, axes int) (dirs [][]float32, notes []string, err error) {
	f, err := open(path, 2*len(net.Params()))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	for _, axis := range []string{"x/", "y/"}[:axes] {
		given := f.tensors(axis)
		if len(given) == 0 && len(dirs) == 1 {
			return nil, nil, errors.New("the file has one direction, x/…; a map over a plane needs y/… as well")
		}
		at, more, err := f.fit(given, net.Params(), nil)
		if err != nil {
			return nil, nil, fmt.Errorf("the direction %s… does not fit the network %s:\n  %w", axis, net.Name, err)
		}
		d, err := f.load(at, net.Params())
		if err != nil {
			return nil, nil, fmt.Errorf("%s%w", axis, err)
		}
		for _, note := range more {
			notes = append(notes, axis+"…: "+note)
		}
		dirs = append(dirs, d)
	}
	return dirs, append(f.notes, notes...), nil
}

// isFloat says whether numbers of a type, as safetensors or NumPy spell it, can be weights.
func isFloat(kind string) bool {
	return slices.Contains([]string{"F64", "F32", "F16", "BF16", "f8", "f4", "f2"}, strings.TrimLeft(kind, "<>=|"))
}

// load reads the tensors of a table, which stand in the file at the given places.
// They fit the table.
func (f *file) load(at []int, table []nets.Param) ([]float32, error) {
	flat := make([]float32, nets.Length(table))
	for i, p := range table {
		v, err := f.read(at[i])
		if err != nil {
			return nil, err
		}
		if l, ok := f.layouts[p.Name]; ok {
			v = l.ordered(v)
		}
		copy(p.Of(flat), v)
	}
	return flat, nets.CheckFinite(table, flat)
}
