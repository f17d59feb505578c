package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/aten/forward"
	"lossatlas/activities/nets/module"
)

// Translated is a layer that package module translates into operations of package aten.
type Translated struct {
	module.Fields
}

func (l Translated) plan(p *planner, in Shape) (op, Shape, error) {
	m, err := module.New(l.Fields, in)
	if err != nil {
		return nil, Shape{}, err
	}
	var places []int
	for _, t := range m.Params {
		i, err := p.add(l.Name+t.Suffix, t.Role, t.Shape...)
		if err != nil {
			return nil, Shape{}, fmt.Errorf("%s %q: %w", l.Kind, l.Name, err)
		}
		p.params[i].Deviation = t.Deviation
		places = append(places, i)
	}
	p.macs += m.MACs
	return func(p *pass, x *graph.Node) *graph.Node {
		p.keep(l.Name, x)
		params := make([]*graph.Node, len(places))
		for i, at := range places {
			params[i] = p.params[at]
		}
		if !m.ChannelsFirst {
			return forward.Add(m.Program, p.formulation, params, nil, x)
		}
		y := forward.Add(m.Program, p.formulation, params, nil, graph.TransposeAllAxes(x, 0, 3, 1, 2))
		return graph.TransposeAllAxes(y, 0, 2, 3, 1)
	}, m.Out, nil
}
