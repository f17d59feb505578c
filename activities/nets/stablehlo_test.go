package nets_test

import (
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/hlo/folder"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// TestFromStableHLO: tables, roles and filters follow the folder, and the network is known by its programs and its problem.
func TestFromStableHLO(t *testing.T) {
	p, _, err := folder.Read("../hlo/testdata/convnet")
	if err != nil {
		t.Fatal(err)
	}
	of := problem.Problem{Shape: []int{5, 4, 2}, Type: problem.Float32, Outputs: 3, Loss: problem.Program}
	n, err := nets.FromStableHLO("convnet", p, of)
	if err != nil {
		t.Fatal(err)
	}
	if n.NumParams() != 104 || n.NumState() != 8 || n.StableHLO() != p || n.CheckTrainable() == nil || n.Memory(8).Evaluate <= 0 {
		t.Errorf("%d parameters and %d buffers, trainable: %v", n.NumParams(), n.NumState(), n.CheckTrainable())
	}
	want := map[string]struct {
		role          nets.Role
		filters, size int
		last          bool
	}{
		"conv.kernel": {nets.Linear, 4, 18, true}, "dense.kernel": {nets.Linear, 3, 4, true}, "embed.embedding": {nets.Linear, 2, 4, false},
		"bn.scale": {nets.BNScale, 0, 0, false}, "dense.bias": {nets.Bias, 0, 0, false}, "temperature": {nets.Other, 0, 0, false},
		"bn.mean": {nets.RunningMean, 0, 0, false}, "bn.var": {nets.RunningVar, 0, 0, false},
	}
	for _, p := range append(append([]nets.Param(nil), n.Params()...), n.State()...) {
		w, ok := want[p.Name]
		filters, _ := p.Filters()
		size, last := 0, slices.Equal(p.Axes, []int{len(p.Shape) - 1})
		if filters > 0 {
			size = p.Size / filters
		}
		if ok && (p.Role != w.role || filters != w.filters || size != w.size || last != w.last) {
			t.Errorf("%s is a %v with %d filters of %d, last %t; want %+v", p.Name, p.Role, filters, size, last, w)
		}
	}
	changed := *p
	changed.Loss = append([]byte(nil), p.Loss...)
	changed.Loss = append(changed.Loss, '\n')
	other, err := nets.FromStableHLO("convnet", &changed, of)
	if err != nil || other.Signature() == n.Signature() {
		t.Errorf("another program has the same signature (%v)", err)
	}
	for name, c := range map[string]struct {
		change func(*problem.Problem)
		want   string
	}{
		"a loss of its own":    {func(p *problem.Problem) { p.Loss = problem.CrossEntropy }, "say `loss: program` below dataset"},
		"other sizes":          {func(p *problem.Problem) { p.Shape = []int{5, 4, 3} }, "examples of the shape [5 4 2] and type float32, but the data have [5 4 3] and float32"},
		"another type":         {func(p *problem.Problem) { p.Type = problem.Uint8 }, "but the data have [5 4 2] and uint8"},
		"labels at all places": {func(p *problem.Problem) { p.Labels = []int{7} }, "labels of the shape [] and type int32, but the data have [7] and int32"},
		"targets":              {func(p *problem.Problem) { p.Targets = true }, "but the data have [3] and float32"},
		"normalization":        {func(p *problem.Problem) { p.Mean, p.Deviation = []float64{1}, []float64{2} }, "write `normalization: none` below dataset"},
		"no outputs":           {func(p *problem.Problem) { p.Outputs = 0 }, "0 outputs"},
	} {
		bad := of
		c.change(&bad)
		if _, err := nets.FromStableHLO("convnet", p, bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, and should say %q", name, err, c.want)
		}
	}
	if _, err := nets.ByName("resnet20", of); err == nil || !strings.Contains(err.Error(), "for networks that come with their loss") {
		t.Errorf("a built-in network with the loss %s: %v", of.Loss, err)
	}
}
