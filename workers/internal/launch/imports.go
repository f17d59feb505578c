package launch

import (
	"context"
	"path/filepath"
	"slices"

	"lossatlas/activities/directions"
	"lossatlas/activities/weights"
	"lossatlas/activities/work"
	"lossatlas/artifacts"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/exit"
)

// Weights reads a weights file of a network and returns it in the form in which a
// training stores weights: the same numbers are the same bytes, wherever they come
// from. Notes describe how the file was fitted to the network.
func Weights(file string, net sweepfile.NamedNetwork, rename weights.Rename) (b []byte, notes []string, err error) {
	n, err := work.Network(net.Network, net.Problem)
	if err != nil {
		return nil, nil, exit.With(exit.Usage, err)
	}
	n.Name = net.Name // as the user knows it
	theta, state, notes, err := weights.Read(file, n, rename)
	if err != nil {
		return nil, nil, exit.Usagef("%s: %w", file, err)
	}
	b, err = n.Encode(theta, state, nil)
	return b, notes, err
}

// Directions reads a directions file of at least axes directions, and returns the
// first of them in the form in which steps store directions. Notes are those of Weights.
func Directions(file string, net sweepfile.NamedNetwork, axes int) (b []byte, notes []string, err error) {
	n, err := work.Network(net.Network, net.Problem)
	if err != nil {
		return nil, nil, exit.With(exit.Usage, err)
	}
	n.Name = net.Name
	dirs, notes, err := weights.ReadDirections(file, n, axes)
	if err != nil {
		return nil, nil, exit.Usagef("%s: %w", file, err)
	}
	b, err = directions.Encode(n.Params(), dirs, nil)
	return b, notes, err
}

// resolve reads the files that a sweep imports and tells it their digests. put,
// which may be nil, stores them.
func resolve(s *sweepfile.Sweep, put func([]byte) error) error {
	s.Notes = nil
	for _, i := range s.Imports() {
		path := i.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.Folder, path)
		}
		b, notes, err := read(path, i)
		if err != nil {
			return err
		}
		s.Resolve(i, artifacts.Of(b))
		for _, note := range notes {
			if note = i.File + ": " + note; !slices.Contains(s.Notes, note) {
				s.Notes = append(s.Notes, note)
			}
		}
		if put == nil {
			continue
		}
		if err := put(b); err != nil {
			return err
		}
	}
	return nil
}

func read(path string, i sweepfile.Import) ([]byte, []string, error) {
	net := sweepfile.NamedNetwork{Name: i.Name, Network: i.Net, Problem: i.Problem}
	if i.Directions {
		return Directions(path, net, i.Axes)
	}
	rename, err := weights.ParseRename(i.Rename)
	if err != nil {
		return nil, nil, exit.Usagef("train.rename: %w", err)
	}
	return Weights(path, net, rename)
}

// StoreImports puts what the sweep imports into the store, where its
// steps find them.
func StoreImports(ctx context.Context, store *artifacts.Store, s *sweepfile.Sweep) error {
	return resolve(s, func(b []byte) error {
		_, err := store.Put(ctx, b)
		return err
	})
}
