package launch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"lossatlas/activities"
	"lossatlas/activities/directions"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/exit"
)

// Weights reads a weights file of a network, .safetensors or .npz, and returns
// it in the form in which a training stores weights: the same numbers are the
// same bytes, wherever they come from. Names and shapes that are not the
// network's are listed in the error.
func Weights(file string, net pipelines.NamedNetwork) ([]byte, error) {
	n, err := activities.Network(net.Network)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	n.Name = net.Name // as the user knows it
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, exit.Usagef("the weights can't be read: %w", err)
	}
	decode := n.Decode
	switch ext := strings.ToLower(filepath.Ext(file)); ext {
	case ".safetensors":
	case ".npz":
		decode = n.DecodeNPZ
	default:
		return nil, exit.Usagef("%s: weights are read from .safetensors and .npz files", file)
	}
	theta, state, err := decode(b)
	if err != nil {
		return nil, exit.With(exit.Usage, fmt.Errorf("%s: %w", file, err))
	}
	return n.Encode(theta, state, nil)
}

// Directions reads a directions file, .safetensors or .npz, of at least axes
// directions, and returns the first of them in the form in which steps store
// directions. Names and shapes that are not the network's are listed in the error.
func Directions(file string, net pipelines.NamedNetwork, axes int) ([]byte, error) {
	n, err := activities.Network(net.Network)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, exit.Usagef("the directions can't be read: %w", err)
	}
	decode := directions.Decode
	if strings.ToLower(filepath.Ext(file)) == ".npz" {
		decode = directions.DecodeNPZ
	}
	dirs, err := decode(n.Params(), b)
	if err != nil {
		return nil, exit.With(exit.Usage, fmt.Errorf("%s: %w (for the network %s)", file, err, net.Name))
	}
	if len(dirs) < axes {
		return nil, exit.Usagef("%s: the file has one direction, x/…; a map over a plane needs y/… as well", file)
	}
	return directions.Encode(n.Params(), dirs[:axes], nil)
}

// resolve reads the files that a sweep imports and tells it their digests. put,
// which may be nil, stores them.
func resolve(s *pipelines.Sweep, put func([]byte) error) error {
	for _, i := range s.Imports() {
		path := i.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.Folder, path)
		}
		net := pipelines.NamedNetwork{Name: i.Name, Network: i.Net}
		b, err := []byte(nil), error(nil)
		if i.Directions {
			b, err = Directions(path, net, i.Axes)
		} else {
			b, err = Weights(path, net)
		}
		if err != nil {
			return err
		}
		s.Resolve(i, artifacts.Of(b))
		if put == nil {
			continue
		}
		if err := put(b); err != nil {
			return err
		}
	}
	return nil
}

// StoreImports puts what the sweep imports into the store, where its
// steps find them.
func StoreImports(ctx context.Context, store *artifacts.Store, s *pipelines.Sweep) error {
	return resolve(s, func(b []byte) error {
		_, err := store.Put(ctx, b)
		return err
	})
}
