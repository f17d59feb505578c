package launch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
	"lossatlas/activities/onnx"
	"lossatlas/activities/weights"
	"lossatlas/artifacts"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/exit"
)

// Weights reads a weights file of a network and returns it in the encoding of trainings, so that equal weights have equal
// bytes. The notes describe how the file was fitted to the network.
func Weights(file string, net sweepfile.NamedNetwork, rename weights.Rename) (b []byte, notes []string, err error) {
	n, err := network(net)
	if err != nil {
		return nil, nil, err
	}
	var theta, state []float32
	if IsModel(file) {
		m, err := readModel(file)
		if err != nil {
			return nil, nil, err
		}
		notes = m.notes
		if theta, state, err = m.weights(n); err != nil {
			return nil, nil, exit.Usagef("%s: %w", file, err)
		}
	} else if theta, state, notes, err = weights.ReadAs(file, n, rename, layoutsOf(net.Network)); err != nil {
		if m := modelOf(net.Network); m != nil && errors.Is(err, weights.ErrNormalizations) && strings.EqualFold(filepath.Ext(m.name), ".onnx") {
			err = fmt.Errorf("%w\n  If the model was trained with them, export it again with %s", err, onnx.KeepLine)
		}
		return nil, nil, exit.Usagef("%s: %w", file, err)
	}
	b, err = n.Encode(theta, state, nil)
	return b, notes, err
}

// Directions reads a file of at least axes directions, and returns the first of them in the encoding of steps, with notes as
// in Weights.
func Directions(file string, net sweepfile.NamedNetwork, axes int) (b []byte, notes []string, err error) {
	n, err := network(net)
	if err != nil {
		return nil, nil, err
	}
	dirs, notes, err := weights.ReadDirections(file, n, axes)
	if err != nil {
		return nil, nil, exit.Usagef("%s: %w", file, err)
	}
	b, err = directions.Encode(n.Params(), dirs, nil)
	return b, notes, err
}

// network builds a network under the name that the user knows.
func network(net sweepfile.NamedNetwork) (*nets.Net, error) {
	n, err := build(net.Network, net.Problem)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	n.Name = net.Name
	return n, nil
}

// resolve reads the files that a sweep imports, records their digests in the sweep, and passes them to put.
func resolve(s *sweepfile.Sweep, put func([]byte) error) error {
	s.Notes = nil
	for _, i := range s.Imports() {
		if stored, ok := s.Stored[i.File]; ok && !i.Directions {
			s.Resolve(i, stored)
			continue
		}
		b, notes, err := read(s.Folder, i)
		if err != nil {
			return err
		}
		s.Resolve(i, artifacts.Of(b))
		for _, note := range notes {
			if note = i.File + ": " + note; !slices.Contains(s.Notes, note) {
				s.Notes = append(s.Notes, note)
			}
		}
		if err := put(b); err != nil {
			return err
		}
	}
	return nil
}

func read(folder string, i sweepfile.Import) ([]byte, []string, error) {
	path := resolvePath(folder, i.File)
	net := sweepfile.NamedNetwork{Name: i.Name, Network: i.Net, Problem: i.Problem}
	if i.Directions {
		return Directions(path, net, i.Axes)
	}
	rename, err := weights.ParseRename(i.Rename)
	if err != nil {
		return nil, nil, exit.Usagef("train.rename: %w", err)
	}
	b, notes, err := Weights(path, net, rename)
	if err != nil || i.Expect == "" {
		return b, notes, err
	}
	said, err := checkOutputs(b, i, resolvePath(folder, i.Expect))
	return b, append(notes, said), err
}

// StoreImports stores a sweep's inputs from files, for its steps: weights, directions, networks and data.
func StoreImports(ctx context.Context, store *artifacts.Store, s *sweepfile.Sweep) error {
	put := func(b []byte) error {
		_, err := store.Put(ctx, b)
		return err
	}
	if err := resolve(s, put); err != nil {
		return err
	}
	for _, n := range s.NetworksOfFiles() {
		if m := modelOf(n); m != nil {
			if err := put(m.program); err != nil {
				return err
			}
		}
	}
	if !s.Dataset.IsFile() {
		return nil
	}
	files, err := openData(s.Folder, s.Dataset)
	if err != nil {
		return err
	}
	_, _, err = files.pack(put)
	return err
}
