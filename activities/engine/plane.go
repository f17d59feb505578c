package engine

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// plane is from + α·delta + β·eta, of vectors on the device. delta or eta may be nil.
type plane struct{ from, delta, eta *Buffer }

// span sets the directions.
func (p *plane) span(b *Backend, delta, eta []float32) error {
	return errors.Join(b.replace(&p.delta, delta), b.replace(&p.eta, eta))
}

// at returns a point, which is from itself in the centre or without directions.
func (p *plane) at(b *Backend, alpha, beta float64) (*Buffer, error) {
	if p.delta == nil || alpha == 0 && beta == 0 {
		return p.from, nil
	}
	first, err := b.move(p.from, p.delta, alpha)
	if err != nil || p.eta == nil {
		return first, err
	}
	defer first.Free()
	return b.move(first, p.eta, beta)
}

func (p *plane) free() {
	for _, v := range []*Buffer{p.from, p.delta, p.eta} {
		v.Free()
	}
	*p = plane{}
}

// move returns from + by·direction, for vectors on the device.
func (b *Backend) move(from, direction *Buffer, by float64) (*Buffer, error) {
	n := int(from.bytes / 4)
	program, err := b.compileMove(n)
	if err != nil {
		return nil, err
	}
	step, err := Upload(b, []float32{float32(by)})
	if err != nil {
		return nil, err
	}
	defer step.Free()
	out, err := program.Run(from, direction, step)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// compileMove compiles from + by·direction for vectors of n numbers.
func (b *Backend) compileMove(n int) (*Program, error) {
	key := fmt.Sprintf("move-%d", n)
	if _, ok := b.compute.(client); ok {
		return b.compileText(key, moveText(n), Float32(n))
	}
	return b.Compile(key, []shapes.Shape{Float32(n), Float32(n), Float32()}, func(in []*graph.Node) []*graph.Node {
		return []*graph.Node{graph.Add(in[0], graph.Mul(in[2], in[1]))}
	})
}

// replace puts a vector into the place of another, which is freed; nil leaves it empty.
func (b *Backend) replace(at **Buffer, flat []float32) (err error) {
	var next *Buffer
	if flat != nil {
		if next, err = Upload(b, flat, len(flat)); err != nil {
			return err
		}
	}
	(*at).Free()
	*at = next
	return nil
}
