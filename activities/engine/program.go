package engine

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Element are the types of numbers that cross between host and device.
type Element interface {
	float32 | float64 | int32 | uint32 | uint8
}

// ledger counts what lies on the device, so that leaks can be found.
type ledger struct{ buffers, bytes atomic.Int64 }

// InUse is the number of buffers on the device that were not freed, and their size in bytes.
func (b *Backend) InUse() (buffers, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stablehlo != nil {
		buffers, bytes = b.stablehlo.InUse()
	}
	return buffers + b.ledger.buffers.Load(), bytes + b.ledger.bytes.Load()
}

// Buffer is an array on the device.
type Buffer struct {
	raw     compute.Buffer
	backend *Backend
	bytes   int64
}

func (b *Backend) wrap(raw compute.Buffer, shape shapes.Shape) *Buffer {
	size := int64(shape.Size()) * int64(shape.DType.Size())
	b.ledger.buffers.Add(1)
	b.ledger.bytes.Add(size)
	return &Buffer{raw: raw, backend: b, bytes: size}
}

// Upload copies a flat array to the device and gives it a shape.
func Upload[E Element](b *Backend, flat []E, dims ...int) (*Buffer, error) {
	shape := shapes.Make(dtypes.FromGenericsType[E](), dims...)
	if shape.Size() != len(flat) {
		return nil, fmt.Errorf("upload of %d numbers as an array of the shape %v", len(flat), dims)
	}
	raw, err := b.compute.BufferFromFlatData(0, flat, shape)
	if err != nil {
		return nil, fmt.Errorf("copying %d bytes to the device of the %s backend: %w", len(flat)*shape.DType.Size(), b.name, err)
	}
	return b.wrap(raw, shape), nil
}

// Download copies an array back to the host. Its length must be the buffer's.
func Download[E Element](b *Buffer, flat []E) error {
	if b.raw == nil {
		return fmt.Errorf("download from a buffer that was freed")
	}
	if size := int64(len(flat)) * int64(dtypes.FromGenericsType[E]().Size()); size != b.bytes {
		return fmt.Errorf("download of a buffer of %d bytes into %d bytes", b.bytes, size)
	}
	if err := b.raw.ToFlatData(flat); err != nil {
		return fmt.Errorf("copying from the device of the %s backend: %w", b.backend.name, err)
	}
	return nil
}

// Read copies an array of float32 numbers back to the host.
func Read(b *Buffer) ([]float32, error) {
	flat := make([]float32, b.bytes/4)
	return flat, Download(b, flat)
}

// Free releases the buffer's memory. Freeing a nil or freed buffer does nothing.
func (b *Buffer) Free() {
	if b == nil || b.raw == nil {
		return
	}
	// The only failure is a backend that is closed already, which freed everything.
	_ = b.raw.Finalize()
	b.raw = nil
	b.backend.ledger.buffers.Add(-1)
	b.backend.ledger.bytes.Add(-b.bytes)
}

// Program is a compiled graph, or compiled StableHLO programs one after another.
type Program struct {
	backend *Backend
	once    sync.Once
	err     error
	execute func(inputs []compute.Buffer) ([]compute.Buffer, error)
	free    func()
	outputs []shapes.Shape
}

// Float32 is the shape of an array of float32 numbers, for Compile.
func Float32(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }

// Compile returns the program known under key, compiling it first where there
// is none: build adds its graph from parameters with the given shapes. Equal
// keys must mean equal graphs. Compilation takes seconds for a deep network.
func (b *Backend) Compile(key string, inputs []shapes.Shape, build func(inputs []*graph.Node) []*graph.Node) (*Program, error) {
	return b.compiled(key, func(p *Program) error { return p.compile(key, inputs, build) })
}

// compiled returns the program known under key, which compile compiles first where it is missing.
func (b *Backend) compiled(key string, compile func(*Program) error) (*Program, error) {
	b.mu.Lock()
	p := b.programs[key]
	if p == nil {
		p = &Program{backend: b}
		b.programs[key] = p
	}
	b.mu.Unlock()
	p.once.Do(func() { p.err = compile(p) })
	if p.err != nil {
		return nil, p.err
	}
	return p, nil
}

// compile builds and compiles the graph. The library reports its errors by
// panicking; they end here.
func (p *Program) compile(key string, inputs []shapes.Shape, build func([]*graph.Node) []*graph.Node) (err error) {
	label, _, _ := strings.Cut(key, " ")
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("building the graph of %s for the %s backend: %v", label, p.backend.name, r)
		}
	}()
	g := graph.NewGraph(p.backend.compute, label)
	nodes := make([]*graph.Node, len(inputs))
	for i, s := range inputs {
		nodes[i] = graph.Parameter(g, fmt.Sprintf("input%d", i), s)
	}
	outputs := build(nodes)
	for _, o := range outputs {
		p.outputs = append(p.outputs, o.Shape())
	}
	if err := g.Compile(outputs...); err != nil {
		return fmt.Errorf("compiling %s for the %s backend: %w", label, p.backend.name, err)
	}
	p.free = g.Finalize
	p.execute = func(inputs []compute.Buffer) ([]compute.Buffer, error) {
		return g.Executable().Execute(inputs, make([]bool, len(inputs)), 0)
	}
	return nil
}

func (p *Program) close() {
	if p.execute != nil {
		p.free()
		p.execute = nil
	}
}

// Run executes the program and waits for its end. The outputs are new buffers
// that the caller frees; the inputs stay unchanged.
func (p *Program) Run(inputs ...*Buffer) (outputs []*Buffer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("running a program on the %s backend: %v", p.backend.name, r)
		}
	}()
	raw := make([]compute.Buffer, len(inputs))
	for i, b := range inputs {
		if b == nil || b.raw == nil {
			return nil, fmt.Errorf("running a program on the %s backend: input %d was freed or never set", p.backend.name, i)
		}
		raw[i] = b.raw
	}
	if p.execute == nil {
		return nil, fmt.Errorf("running a program on the %s backend: the backend was closed", p.backend.name)
	}
	results, err := p.execute(raw)
	if err != nil {
		return nil, fmt.Errorf("running a program on the %s backend: %w", p.backend.name, err)
	}
	outputs = make([]*Buffer, len(results))
	for i, r := range results {
		outputs[i] = p.backend.wrap(r, p.outputs[i])
	}
	return outputs, nil
}
