package runner

import (
	"context"
	"fmt"
	"sync"

	"github.com/rs/zerolog"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/activities/runner/networks"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Machine is what steps run on. It may be used concurrently.
type Machine struct {
	Store *artifacts.Store
	Log   zerolog.Logger
	// Engine says which numeric backend to open; it is opened when the first step needs it.
	Engine engine.Options
	// Data says where datasets lie on this machine.
	Data data.Options

	once       sync.Once
	backend    *engine.Backend
	backendErr error
	evaluators evaluatorCache
	built      sync.Map // what trainings were built from, whose programs are compiled
}

// Close releases the numeric backend and the buffers on its devices.
func (m *Machine) Close() {
	m.evaluators.clear()
	if m.backend != nil {
		m.backend.Close()
	}
}

// open returns the numeric backend, opening it on first use.
func (m *Machine) open() (*engine.Backend, error) {
	m.once.Do(func() {
		m.backend, m.backendErr = engine.Open(m.Engine)
		if m.backendErr == nil {
			m.Log.Info().Str("backend", m.backend.Name()).Str("class", m.backend.Class()).Msg("numeric backend ready")
		}
	})
	return m.backend, m.backendErr
}

// numeric returns the backend for a step, after checking that its class is
// the one that the step's key promises.
func (r *Run) numeric() (*engine.Backend, error) {
	b, err := r.open()
	if err != nil {
		return nil, err
	}
	if want := r.Recipe.Numerics; want != "" && want != b.Class() {
		return nil, Permanent("NumericsMismatch", fmt.Errorf(
			"the step asks for numerics class %q, this worker computes in %q: run the sweep again, which sends it to workers of its class, or put `numerics: any` into the sweep file", want, b.Class()))
	}
	return b, nil
}

// class is the numerics class to record: of the backend if the step used it.
func (r *Run) class() string {
	if r.backend != nil && r.Kind().Numeric() {
		return r.backend.Class()
	}
	return r.Recipe.Numerics
}

// network is [networks.Of] for a step. The operations of a network from a file are in the store.
func (m *Machine) network(ctx context.Context, n pipelines.Network, of pipelines.Problem) (*nets.Net, error) {
	if d, ok := n.Program(); ok && !networks.HasProgram(d) {
		b, err := m.Store.Get(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("the operations of the network %s: %w", n, err)
		}
		if _, err := networks.AddProgram(b); err != nil {
			return nil, Permanent("BadNet", err)
		}
	}
	net, err := networks.Of(n, of)
	if err != nil {
		return nil, Permanent("BadNet", err)
	}
	return net, nil
}

// MapExamples returns the images of a map, with the labels that the training saw.
func (m *Machine) MapExamples(ctx context.Context, d pipelines.MapData) (data.Split, error) {
	s, err := m.load(ctx, d.Name, d.Digest, d.Problem, d.Split, d.From, d.To)
	if err == nil && d.Noise != nil {
		if s, err = s.WithLabelNoise(d.Noise.Fraction, d.Noise.Seed, d.From); err != nil {
			return s, Permanent("BadData", err)
		}
	}
	return s, err
}

// input fetches and verifies the blob behind a named input of the step.
func (r *Run) input(ctx context.Context, name string) ([]byte, error) {
	d, ok := r.Recipe.Inputs[name]
	if !ok {
		return nil, Permanent("BadStep", fmt.Errorf("%s: the step has no input %q", r.Label, name))
	}
	b, err := r.Store.Get(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("%s: input %s: %w", r.Label, name, err)
	}
	return b, nil
}

// minimizer loads the weights that a step is centred on.
func (r *Run) minimizer(ctx context.Context, n pipelines.Network, of pipelines.Problem) (net *nets.Net, theta, state []float32, err error) {
	if net, err = r.network(ctx, n, of); err != nil {
		return nil, nil, nil, err
	}
	theta, state, err = r.weightsOf(ctx, net, pipelines.OutWeights)
	return net, theta, state, err
}

// weightsOf reads an input of the step that holds weights of a network: parameters and running statistics.
func (r *Run) weightsOf(ctx context.Context, net *nets.Net, input string) (theta, state []float32, err error) {
	b, err := r.input(ctx, input)
	if err != nil {
		return nil, nil, err
	}
	if theta, state, err = net.Decode(b); err != nil {
		return nil, nil, Permanent("BadWeights", fmt.Errorf("%s: input %s: %w", r.Label, input, err))
	}
	return theta, state, nil
}
