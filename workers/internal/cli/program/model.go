package program

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/nets"
	"lossatlas/activities/runner/networks"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/table"
)

// modelView is a network in a file, as `nets MODEL` shows it.
type modelView struct {
	Input         []string     `json:"input"` // its shape, "batch" first
	Type          string       `json:"type"`
	Operations    int          `json:"operations"`
	Parameters    int          `json:"parameters"`
	MACs          int64        `json:"macs"` // multiply-adds for one example
	Tensors       []tensorView `json:"tensors"`
	Normalization string       `json:"normalization,omitempty"` // of the inputs, for built-in networks
	Notes         []string     `json:"notes,omitempty"`
	Outputs       string       `json:"outputs,omitempty"` // how far they are from those expected
}

// tensorView is a parameter or buffer.
type tensorView struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	Role  string `json:"role"`
	// Filters is the number of filters, which directions normalize one by one; 0 for tensors that they leave out.
	Filters int `json:"filters"`
}

// describeModel prints the tensors of a network in a file, and compares its outputs with the expected ones of a file, if one is named.
func describeModel(a *app.App, path, expect string) error {
	m, err := launch.ReadModel(path)
	if err != nil {
		return err
	}
	v := modelView{Input: m.Input, Type: m.Type, Operations: m.Operations, Parameters: nets.Length(m.Params), MACs: m.MACs, Notes: m.Notes}
	if expect != "" {
		if v.Outputs, err = launch.CheckOutputs(path, expect); err != nil {
			return err
		}
	}
	return v.print(a, m.Params, m.Buffers)
}

// describeBuiltIn prints the tensors of a built-in network, layer after layer, and how its inputs are normalized.
func describeBuiltIn(a *app.App, name string) error {
	named := launch.BuiltIn(name)
	n, err := networks.Of(named.Network, named.Problem)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	p := n.Problem
	v := modelView{Input: []string{"batch"}, Type: string(p.Type), Parameters: n.NumParams(), MACs: n.MACs()}
	for _, side := range p.Shape {
		v.Input = append(v.Input, strconv.Itoa(side))
	}
	if len(p.Mean) > 0 {
		v.Normalization = fmt.Sprintf("(x - %v) / %v", p.Mean, p.Deviation)
	}
	return v.print(a, n.Params(), n.State())
}

// print prints a network with its tensors.
func (v modelView) print(a *app.App, params, buffers []nets.Param) error {
	for _, p := range slices.Concat(params, buffers) {
		t := tensorView{Name: p.Name, Shape: p.Shape, Role: p.Role.String()}
		t.Filters, _ = p.Filters()
		v.Tensors = append(v.Tensors, t)
	}
	if a.Settings.Output != "text" {
		return a.PrintJSON(v)
	}
	return v.text(a)
}

func (v modelView) text(a *app.App) error {
	work := "StableHLO programs"
	if v.MACs > 0 || v.Operations > 0 {
		work = multiplyAdds(v.MACs) + " multiply-adds for one example"
	}
	if v.Operations > 0 {
		work += ", " + app.Count(v.Operations, "operation")
	}
	if v.Normalization != "" {
		work += "; inputs are normalized as " + v.Normalization
	}
	above := fmt.Sprintf("takes [%s] %s; %s, %s", strings.Join(v.Input, ", "), v.Type, app.Count(v.Parameters, "parameter"), work)
	fmt.Fprintln(a.Out, table.Paragraph(a.Out, "", "", above))
	t := table.Table{Header: []string{"TENSOR", "SHAPE", "ROLE", "FILTERS"}, Right: map[int]bool{3: true}}
	for _, r := range v.Tensors {
		filters := "-"
		if r.Filters > 0 {
			filters = fmt.Sprint(r.Filters)
		}
		t.Add(r.Name, fmt.Sprint(r.Shape), r.Role, filters)
	}
	if err := t.Text(a.Out); err != nil {
		return err
	}
	below := slices.Clone(v.Notes)
	if v.Outputs != "" {
		below = append(below, v.Outputs)
	}
	below = append(below, "FILTERS: each produces one output channel of a convolution or one output of a matrix product; of embeddings, each row is one. A direction is scaled so that each of its filters has the norm of the filter of the weights. Tensors without filters (biases, and scales and shifts of normalizations) keep their values.")
	for _, text := range below {
		if _, err := fmt.Fprint(a.Out, "\n"+table.Paragraph(a.Out, "", "", text)); err != nil {
			return err
		}
	}
	return nil
}
