package values

import (
	"reflect"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// oneCycle is the normalised form of schedule.onecycle.
type oneCycle struct {
	Start    float64  `field:"pct_start" json:"pct_start"`
	Div      float64  `field:"div_factor" json:"div_factor"`
	FinalDiv float64  `field:"final_div_factor" json:"final_div_factor"`
	Anneal   string   `field:"anneal" json:"anneal"`
	Cycle    *bool    `field:"cycle_momentum" json:"cycle_momentum,omitempty"`
	Base     *float64 `field:"base_momentum" json:"base_momentum,omitempty"`
	Max      *float64 `field:"max_momentum" json:"max_momentum,omitempty"`
}

const (
	annealCos    = "cos"
	annealLinear = "linear"
)

// oneCycleFields have the names and defaults of PyTorch's OneCycleLR.
var oneCycleFields = syntax.Object{Fields: []syntax.Field{
	{Name: "pct_start", Doc: "Share of the updates in which the rate rises.", Type: syntax.Number{Min: 0, Max: 1, Above: true, Below: true}, Default: 0.3},
	{Name: "div_factor", Doc: "The first rate is lr divided by this.", Type: syntax.Number{Min: 1, Max: 1e12}, Default: 25.0},
	{Name: "final_div_factor", Doc: "The last rate is the first one divided by this.", Type: syntax.Number{Min: 1, Max: 1e12}, Default: 1e4},
	{Name: "anneal", Doc: "Along half cosines, or lines.", Type: syntax.Choice{Of: []string{annealCos, annealLinear}, What: "a curve"}, Default: annealCos},
	{Name: "cycle_momentum", Doc: "Whether momentum, or beta1 of adam and adamw, falls while the rate rises, and rises while it falls. Default: true where there is one.", Type: syntax.Boolean{}},
	{Name: "base_momentum", Doc: "The smallest momentum. Default: 0.85.", Type: syntax.Number{Min: 0, Max: 1, Below: true}},
	{Name: "max_momentum", Doc: "The largest momentum. Default: 0.95.", Type: syntax.Number{Min: 0, Max: 1, Above: true, Below: true}},
}}

// checkOneCycle reads onecycle: true, or its fields; nil for false.
func checkOneCycle(c *syntax.Checker, n *syntax.Node, path string) *oneCycle {
	if n.IsScalar() {
		on, ok := (syntax.Boolean{}).Check(c, n, path).(bool)
		if !ok || !on {
			return nil
		}
		n = &syntax.Node{Kind: syntax.MappingNode, At: n.At}
	}
	out := new(oneCycle)
	if err := syntax.Decode(oneCycleFields.Check(c, n, path), reflect.ValueOf(out).Elem()); err != nil {
		return nil // a value of another type, which is reported already
	}
	return out
}

// resolve is the schedule of an update rule that has a momentum to be cycled, or none.
func (s *oneCycle) resolve(c *syntax.Checker, at syntax.Position, momentum bool) *pipelines.OneCycle {
	if s == nil {
		return nil
	}
	out := &pipelines.OneCycle{Start: s.Start, Div: s.Div, FinalDiv: s.FinalDiv, Linear: s.Anneal == annealLinear}
	cycle := momentum
	if s.Cycle != nil {
		cycle = *s.Cycle
	}
	switch {
	case !cycle && (s.Base != nil || s.Max != nil):
		c.Addf(at, "train.optimizer.schedule.onecycle has a momentum, which is not cycled; leave base_momentum and max_momentum out")
	case cycle && !momentum:
		c.Addf(at, "train.optimizer.schedule.onecycle.cycle_momentum needs a momentum of sgd, sam or asam above 0, or beta1 of adam or adamw; leave it out")
	case cycle:
		out.BaseMomentum, out.MaxMomentum = 0.85, 0.95
		if s.Base != nil {
			out.BaseMomentum = *s.Base
		}
		if s.Max != nil {
			out.MaxMomentum = *s.Max
		}
		if out.BaseMomentum > out.MaxMomentum {
			c.Addf(at, "train.optimizer.schedule.onecycle: base_momentum is %g, above max_momentum, which is %g", out.BaseMomentum, out.MaxMomentum)
		}
	}
	return out
}
