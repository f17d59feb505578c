// Package engine runs networks on a numeric backend: it opens the backend,
// compiles graphs once per shape, keeps what a computation uses on the device,
// and evaluates the loss at points of a plane in parameter space.
//
// There are two backends. "xla" compiles through a PJRT plugin, a shared
// library found by the caller. "go" is pure Go, several times slower, and
// needs nothing. Results differ in the last bits between backends, plugins and
// kinds of processor, so each has a class, a string that belongs into the key
// of every numeric result.
package engine

import (
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/go-xla/compute/xla"

	"lossatlas/activities/conv"
)

// Options choose a backend. The zero value is the pure-Go one.
type Options struct {
	// Backend is "xla", "go", or "auto" (also ""): xla when Plugin is given, else go.
	Backend string
	// Plugin is the path of a PJRT plugin, the shared library that the xla backend loads.
	Plugin string
	// PluginDigest is the plugin's SHA-256 in hexadecimal, for callers that
	// remember it: the file of the plugin that the program installs need not be
	// read then. Others are read in any case, for the flags they know.
	PluginDigest string
	// Threads is how many threads the xla backend computes with; 0 is one per
	// core. The go backend follows GOMAXPROCS.
	Threads int
}

// kind resolves "auto" and checks the combination.
func (o Options) kind() (string, error) {
	switch o.Backend {
	case "", "auto":
		if o.Plugin == "" {
			return "go", nil
		}
		return "xla", nil
	case "go":
		return "go", nil
	case "xla":
		if o.Plugin == "" {
			return "", fmt.Errorf("the xla backend needs a PJRT plugin, and no plugin was found: run `lossatlas backend install`, or set LOSSATLAS_PLUGIN to the path of one, or use the backend go")
		}
		return "xla", nil
	}
	return "", fmt.Errorf("there is no numeric backend %q: choose auto, xla or go", o.Backend)
}

// Backend is an open numeric backend with the programs compiled on it. It is
// safe for use by several goroutines.
type Backend struct {
	name    string
	class   string
	compute compute.Backend
	ledger  ledger

	mu       sync.Mutex
	programs map[string]*Program

	plugin    plugin   // of xla, and the formulation of any
	stablehlo *Backend // computes StableHLO programs, once there are some
}

// Open opens a backend. It never downloads anything: a missing or unusable
// plugin is an error that says what to do.
func Open(o Options) (*Backend, error) {
	kind, err := o.kind()
	if err != nil {
		return nil, err
	}
	class, err := Class(o)
	if err != nil {
		return nil, err
	}
	b := &Backend{name: kind, class: class, programs: map[string]*Program{}}
	if kind == "go" {
		b.plugin.formulation = conv.Product
		// One operation at a time: matrix products that run side by side each wait
		// for workers that the others hold, for ever. Each is parallel in itself.
		b.compute, err = gobackend.New("ops_sequential")
	} else {
		b.compute, b.plugin, err = openXLA(o)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// openXLA loads the plugin and makes a client. Settings that the plugin reads
// from the environment are put there first: the C environment of the process
// is the only way in.
func openXLA(o Options) (compute.Backend, plugin, error) {
	p, err := inspect(o)
	if err != nil {
		return nil, p, err
	}
	if err := os.Setenv("XLA_FLAGS", p.flags); err != nil {
		return nil, p, fmt.Errorf("setting XLA_FLAGS: %w", err)
	}
	if o.Threads > 0 {
		if err := os.Setenv("PJRT_NPROC", strconv.Itoa(o.Threads)); err != nil {
			return nil, p, fmt.Errorf("setting PJRT_NPROC: %w", err)
		}
	}
	xla.EnableAutoInstall(false)
	b, err := xla.New(p.path)
	if err != nil {
		return nil, p, fmt.Errorf("the PJRT plugin %s could not be opened (%w): it may be damaged or made for another system; install one with `lossatlas backend install`, or use the backend go", p.path, err)
	}
	return b, p, nil
}

// Formulation is how graphs for this backend write convolutions to be fast.
func (b *Backend) Formulation() conv.Formulation { return b.plugin.formulation }

// Name is "xla" or "go".
func (b *Backend) Name() string { return b.name }

// Class names everything about the backend that results depend on; see the function Class.
func (b *Backend) Class() string { return b.class }

// Close frees the compiled programs and the backend. Evaluators and trainers
// made on it must be closed before.
func (b *Backend) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.programs {
		p.close()
	}
	if b.stablehlo != nil {
		b.stablehlo.Close()
	}
	b.programs = map[string]*Program{}
	if !b.compute.IsFinalized() {
		b.compute.Finalize()
	}
}
