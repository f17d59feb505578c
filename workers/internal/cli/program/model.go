package program

import (
	"fmt"
	"strings"

	"lossatlas/activities/nets"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/table"
)

// modelView is a network in a file, as `nets MODEL` shows it.
type modelView struct {
	Input      []string     `json:"input"` // its shape, "batch" first
	Type       string       `json:"type"`
	Operations int          `json:"operations"`
	Parameters int          `json:"parameters"`
	MACs       int64        `json:"macs"` // multiply-adds for one example
	Tensors    []tensorView `json:"tensors"`
	Notes      []string     `json:"notes,omitempty"`
	Outputs    string       `json:"outputs,omitempty"` // how far they are from those expected
}

// tensorView is a parameter or buffer.
type tensorView struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	Role  string `json:"role"`
	// Filters is the number of filters, which directions normalize one by one; 0 for tensors that they leave out.
	Filters int `json:"filters"`
}

// describeModel prints the tensors of a network in a file, and compares its outputs with those that a file expects, if one is named.
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
	for _, p := range append(append([]nets.Param(nil), m.Params...), m.Buffers...) {
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
	if v.Operations > 0 {
		work = fmt.Sprintf("%.1f M multiply-adds for one example, %s", float64(v.MACs)/1e6, app.Count(v.Operations, "operation"))
	}
	fmt.Fprintf(a.Out, "takes [%s] %s; %s, %s\n\n", strings.Join(v.Input, ", "), v.Type, app.Count(v.Parameters, "parameter"), work)
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
	for _, note := range v.Notes {
		fmt.Fprintf(a.Out, "\n%s\n", note)
	}
	if v.Outputs != "" {
		fmt.Fprintf(a.Out, "\n%s\n", v.Outputs)
	}
	_, err := fmt.Fprintln(a.Out, "\nFILTERS are what makes one output of a convolution or matrix product each, and the rows of embeddings; directions give each the norm of the weights' own.\nTensors without filters, biases and the scales and shifts of normalizations, keep their values.")
	return err
}
