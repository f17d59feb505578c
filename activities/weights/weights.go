// Package weights reads the weights of a network, and directions, from files that
// other programs wrote: .safetensors and .npz. It compares a file's list of names,
// types and shapes with the network's tables before it reads any number, so that
// time and memory are bounded by the network and not by the file.
package weights

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lossatlas/activities/nets"
	"lossatlas/activities/npz"
	"lossatlas/activities/safetensors"
)

// Read reads the parameters and running statistics of a network. Notes say what
// was done to fit the file to it: a prefix of all names that was taken off, tensors
// that were passed over. The error lists what differs from the network, or which
// tensors hold numbers that are not finite.
func Read(path string, net *nets.Net, rename Rename) (theta, state []float32, notes []string, err error) {
	table := slices.Concat(net.Params(), net.State())
	f, err := open(path, len(table))
	if err != nil {
		return nil, nil, nil, err
	}
	defer f.Close()
	given, err := rename.apply(f.tensors(""))
	if err != nil {
		return nil, nil, nil, err
	}
	at, notes, err := f.fit(given, table, true)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("these weights are not those of the network %s:\n  %w", net.Name, err)
	}
	theta, err = f.load(at, net.Params())
	state, stateErr := f.load(at[len(net.Params()):], net.State())
	return theta, state, notes, errors.Join(err, stateErr)
}

// ReadDirections reads the first directions of a file, as many as axes (1 or 2),
// whose tensors are called x/<parameter> and y/<parameter>. Notes and errors are those of Read.
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
		at, more, err := f.fit(given, net.Params(), false)
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
	return dirs, notes, nil
}

// file is an open file of named tensors.
type file struct {
	*os.File
	names  []string
	header func(i int) (kind string, shape []int, err error)
	read   func(i int) ([]float32, error)
}

// maxList is the length in bytes of the longest list of tensors that is read for a
// network: ten times that of a checkpoint with the network's tensors alone, and
// room for what a program may have written about itself.
func maxList(tensors int) int64 { return 1<<20 + int64(tensors)<<10 }

// open recognizes a file by its first bytes and reads its list of tensors. tensors is how many are wanted.
func open(path string, tensors int) (*file, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	f := &file{File: r}
	if err := f.list(path, maxList(tensors)); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return f, nil
}

func (f *file) list(path string, most int64) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	if !info.Mode().IsRegular() {
		return errors.New("is not a file whose parts can be read in any order")
	}
	start := make([]byte, 16)
	n, _ := f.ReadAt(start, 0) // a short file is refused below
	extension := strings.ToLower(filepath.Ext(path))
	switch kind := recognize(string(start[:n]), extension); kind {
	case isSafetensors:
		return f.listSafetensors(info.Size(), most)
	case isZip:
		err := f.listNPZ(info.Size(), most)
		var other *npz.OtherError
		if errors.As(err, &other) {
			return convert(path, archiveOf(other.Names))
		}
		if kind, ok := byExtension[extension]; err != nil && ok && kind != isZip {
			return convert(path, kind) // a damaged archive
		}
		return err
	default:
		return convert(path, kind)
	}
}

func (f *file) listSafetensors(size, most int64) error {
	s, err := safetensors.Open(f, size, most)
	if err != nil {
		return err
	}
	f.names, f.read = s.Names, s.Read
	f.header = func(i int) (string, []int, error) {
		dtype, shape := s.Header(i)
		return dtype, shape, nil
	}
	return nil
}

func (f *file) listNPZ(size, most int64) error {
	z, err := npz.Open(f, size, most)
	if err != nil {
		return err
	}
	f.names, f.header = z.Names, z.Header
	f.read = func(i int) ([]float32, error) {
		_, shape, err := z.Header(i)
		if err != nil {
			return nil, err
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		a, err := z.Read(i, 8*int64(n))
		if err != nil {
			return nil, err
		}
		switch v := a.Data.(type) {
		case []float32:
			return v, nil
		case []float64:
			out := make([]float32, len(v))
			for i, x := range v {
				out[i] = float32(x)
			}
			return out, nil
		}
		return nil, fmt.Errorf("array %s does not hold floating-point numbers", a.Name)
	}
	return nil
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
		copy(p.Of(flat), v)
	}
	return flat, nets.CheckFinite(table, flat)
}
