package runner

import (
	"context"
	"fmt"

	"lossatlas/activities/data"
	"lossatlas/activities/problem"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// load returns examples of a data set, with the normalization and loss of a problem. It refuses a
// data set of another content than the sweep was planned with.
func (m *Machine) load(ctx context.Context, name, digest string, of pipelines.Problem, split string, from, to int) (data.Split, error) {
	src, err := m.source(ctx, name, digest)
	if err != nil {
		return data.Split{}, err
	}
	s, err := src.Load(split, from, to)
	if err != nil {
		return data.Split{}, Permanent("BadData", err)
	}
	p, err := problem.Parse([]byte(of))
	if err == nil {
		s, err = s.WithProblem(p)
	}
	if err != nil {
		return data.Split{}, Permanent("BadData", err)
	}
	return s, nil
}

// source is a data set that this program knows by name, or one from files, which is in the store under its digest.
func (m *Machine) source(ctx context.Context, name, digest string) (data.Source, error) {
	if _, err := data.Lookup(name); err != nil {
		return m.stored(ctx, digest)
	}
	src, err := data.Open(name, m.Data)
	if err != nil {
		return nil, Permanent("BadData", err)
	}
	have, err := src.Digest()
	if err != nil {
		return nil, Permanent("BadData", err)
	}
	if have != digest {
		return nil, Permanent("BadData", fmt.Errorf(
			"dataset %s on this worker has digest %s, the sweep was planned with %s: point --data at the same files", name, have, digest))
	}
	return src, nil
}

// stored opens a data set in the store. The splits that it gives may read from the store as long as the worker runs.
func (m *Machine) stored(ctx context.Context, digest string) (data.Source, error) {
	get := func(ctx context.Context, digest string) ([]byte, error) {
		d, err := artifacts.ParseDigest(digest)
		if err != nil {
			return nil, Permanent("BadData", err)
		}
		return m.Store.Get(ctx, d)
	}
	manifest, err := get(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("the data set %s: %w", digest, err)
	}
	lasting := context.WithoutCancel(ctx)
	src, err := data.Stored(digest, manifest, func(digest string) ([]byte, error) { return get(lasting, digest) }, m.Data)
	if err != nil {
		return nil, Permanent("BadData", err)
	}
	return src, nil
}
