package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/pjrt"

	"lossatlas/activities/hlo"
	"lossatlas/activities/nets"
)

// ProgramError says why StableHLO programs can't be computed. Trying again gives the same.
type ProgramError struct{ Err error }

func (e *ProgramError) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *ProgramError) Unwrap() error { return e.Err }

func badProgram(format string, args ...any) error { return &ProgramError{fmt.Errorf(format, args...)} }

// forStableHLO is the backend that computes StableHLO programs on the same device. It is opened once.
func (b *Backend) forStableHLO(network string) (*Backend, error) {
	if b.name != "xla" {
		return nil, badProgram("network %s consists of StableHLO programs, which only XLA computes, and this is the %s backend: install a plugin with `lossatlas backend install`, and choose --backend xla", network, b.name)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stablehlo != nil {
		return b.stablehlo, nil
	}
	plugin, err := pjrt.GetPlugin(b.plugin.path)
	if err != nil {
		return nil, fmt.Errorf("the PJRT plugin %s could not be opened: %w", b.plugin.path, err)
	}
	options := pjrt.NamedValuesMap{}
	if plugin.IsCUDA() {
		options["preallocate"] = false
	}
	c, err := plugin.NewClient(options)
	if err != nil {
		return nil, fmt.Errorf("a client of the PJRT plugin %s could not be opened: %w", b.plugin.path, err)
	}
	b.stablehlo = &Backend{plugin: b.plugin, name: b.name, class: b.class, compute: client{pjrt: c}, programs: map[string]*Program{}}
	return b.stablehlo, nil
}

// load compiles one of a network's programs.
func (c client) load(f hlo.Function) (*pjrt.LoadedExecutable, error) {
	current, _ := c.pjrt.Plugin().Attributes()["stablehlo_current_version"].([]int64)
	reads := make([]int, len(current))
	for i, n := range current {
		reads[i] = int(n)
	}
	if written := f.Version(); len(reads) > 0 && slices.Compare(written, reads) > 0 {
		return nil, badProgram("%s.mlir is written in StableHLO %s, and the XLA plugin reads up to %s: export it with an older JAX, or as text (jax.jit(…).lower(…).as_text())", f.Name, dotted(written), dotted(reads))
	}
	exec, err := c.pjrt.Compile().WithStableHLO(f.Code).Done()
	if err != nil {
		return nil, badProgram("the XLA plugin, which reads StableHLO up to %s, can't compile %s.mlir: %s", dotted(reads), f.Name, strings.TrimSpace(err.Error()))
	}
	if n := exec.NumOutputs; n != len(f.Results) {
		_ = exec.Destroy() // the other error says more
		return nil, badProgram("%s.mlir returns %d arrays, and it should return %d", f.Name, n, len(f.Results))
	}
	return exec, nil
}

func dotted(version []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(version), "[]"), " ", ".")
}

// stages are programs of which each takes the results of the one before: the inputs of Evaluator.compile are cut into the
// arguments of a network's program, and its results are joined.
type stages struct {
	programs []*pjrt.LoadedExecutable
	function hlo.Function // the second of them
	checked  bool         // the types of its results
}

// chain compiles a function of a network. join makes one output of its results.
func (c client) chain(net *nets.Net, name string, join func([]hlo.Array) string) (s *stages, err error) {
	functions := net.StableHLO().Functions()
	i := slices.IndexFunc(functions, func(f hlo.Function) bool { return f.Name == name })
	if i < 0 {
		return nil, badProgram("network %s has no program %s.mlir: export it like loss.mlir, from jax.grad(loss)", net.Name, name)
	}
	s = &stages{function: functions[i]}
	for _, compile := range []func() (*pjrt.LoadedExecutable, error){
		func() (*pjrt.LoadedExecutable, error) { return c.text(splitText(net, name == "hvp")) },
		func() (*pjrt.LoadedExecutable, error) { return c.load(s.function) },
		func() (*pjrt.LoadedExecutable, error) { return c.text(join(s.function.Results)) },
	} {
		next, err := compile()
		if err != nil {
			s.close()
			return nil, fmt.Errorf("network %s: %w", net.Name, err)
		}
		s.programs = append(s.programs, next)
	}
	return s, nil
}

func (s *stages) close() {
	for _, e := range s.programs {
		_ = e.Destroy() // the client frees what this leaves
	}
}

func (s *stages) run(inputs []*pjrt.Buffer) (*pjrt.Buffer, error) {
	for i, e := range s.programs {
		outputs, err := e.Execute(inputs...).Done()
		if i > 0 {
			destroy(inputs)
		}
		if err == nil && i == 1 && !s.checked {
			err = checkResults(s.function, outputs)
		}
		if err != nil {
			destroy(outputs)
			return nil, badProgram("%s.mlir: %w", s.function.Name, err)
		}
		s.checked = s.checked || i == 1
		inputs = outputs
	}
	return inputs[0], nil
}

// checkResults compares results with their expected types; bytecode shows its types only here.
func checkResults(f hlo.Function, results []*pjrt.Buffer) error {
	for i, want := range f.Results {
		dims, err := results[i].Dimensions()
		if err != nil {
			return err
		}
		kind, err := results[i].DType()
		if err != nil {
			return err
		}
		if kind != dtypes.Float32 || !slices.Equal(dims, want.Shape) {
			return fmt.Errorf("result %d (%s) is an array of %v numbers of %v, and it should be %v", i, want.What, dims, kind, want)
		}
	}
	return nil
}

// part is a function of a network, and how its results become one output of a program.
type part struct {
	function string
	join     func([]hlo.Array) string
	shape    shapes.Shape
}

// compileStableHLO compiles functions of a network for a kind of Evaluator.compile, over the same inputs. Each is one output.
func (b *Backend) compileStableHLO(key, kind string, net *nets.Net) (*Program, error) {
	vector := Float32(net.NumParams())
	parts := map[string][]part{
		"evaluate":      {{"loss", sumsText, Float32(2)}},
		"hessian":       {{"hvp", joinText, vector}},
		"loss-gradient": {{"gradient", joinText, vector}, {"loss", firstText, Float32()}},
	}[kind]
	return b.compiled(key, func(p *Program) error {
		var all []*stages
		p.free = func() {
			for _, s := range all {
				s.close()
			}
		}
		for _, part := range parts {
			s, err := b.compute.(client).chain(net, part.function, part.join)
			if err != nil {
				p.free()
				return err
			}
			all, p.outputs = append(all, s), append(p.outputs, part.shape)
		}
		p.execute = func(inputs []compute.Buffer) ([]compute.Buffer, error) { return runAll(all, inputs) }
		return nil
	})
}

// compileText compiles a program of this package with one output.
func (b *Backend) compileText(key, code string, output shapes.Shape) (*Program, error) {
	return b.compiled(key, func(p *Program) error {
		exec, err := b.compute.(client).text(code)
		if err != nil {
			return fmt.Errorf("compiling %s for the %s backend: %w", key, b.name, err)
		}
		s := &stages{programs: []*pjrt.LoadedExecutable{exec}}
		p.outputs, p.free = []shapes.Shape{output}, s.close
		p.execute = func(inputs []compute.Buffer) ([]compute.Buffer, error) { return runAll([]*stages{s}, inputs) }
		return nil
	})
}

func runAll(all []*stages, inputs []compute.Buffer) (out []compute.Buffer, err error) {
	raw := make([]*pjrt.Buffer, len(inputs))
	for i, in := range inputs {
		raw[i] = in.(array).raw
	}
	for _, s := range all {
		result, err := s.run(raw)
		if err != nil {
			for _, o := range out {
				_ = o.Finalize() // the other error says more
			}
			return nil, err
		}
		out = append(out, array{raw: result})
	}
	return out, nil
}
