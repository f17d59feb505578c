package optim

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
)

// SAM takes the gradient of each step at the point of the largest loss, to first order, within a ball around θ.
type SAM struct {
	Rho float64 // radius ρ
	// Adaptive measures the ball in units of the weights (ASAM): by T = |w| + Eta for each entry, T = 1 for biases and for shifts of normalizations.
	Adaptive bool
	Eta      float64
}

func (s SAM) check() error {
	switch {
	case !(s.Rho > 0) || math.IsInf(s.Rho, 0):
		return fmt.Errorf("the ρ of SAM is %g: it must be a positive number", s.Rho)
	case !(s.Eta >= 0) || math.IsInf(s.Eta, 0):
		return fmt.Errorf("the η of ASAM is %g: it must be 0 or a positive number", s.Eta)
	}
	return nil
}

// compileAscent compiles the way to that point for a batch's gradient g, without weight decay:
//
//	θ, g  →  θ + ρ T²g/(‖Tg‖₂ + 10⁻¹²), 0
//
// with T = 1 for SAM (Foret et al. 2021, equation 2) and as in SAM.Adaptive for ASAM (Kwon et al. 2021, equation 7 and appendix A). The norm is
// over all parameters, and summed in float64. 0 is the sum of gradients that the second pass begins with.
func compileAscent(b *engine.Backend, net *nets.Net, s SAM, number dtypes.DType) (*engine.Program, error) {
	vector := shapes.Make(number, net.NumParams())
	key := fmt.Sprintf("ascent-%s-%s-%v %s", net.Name, number, s, net.Signature())
	return b.Compile(key, []shapes.Shape{vector, vector}, func(in []*graph.Node) []*graph.Node {
		theta, gradient := in[0], in[1]
		unit := gradient // Tg
		if s.Adaptive {
			unit = graph.Mul(s.scales(net, theta), gradient)
		}
		norm := graph.Sqrt(graph.ReduceAllSum(graph.Square(graph.ConvertDType(unit, dtypes.Float64))))
		by := graph.Div(graph.Scalar(theta.Graph(), dtypes.Float64, s.Rho), graph.AddScalar(norm, 1e-12))
		step := graph.Mul(unit, graph.ConvertDType(by, number))
		if s.Adaptive {
			step = graph.Mul(s.scales(net, theta), step)
		}
		return []*graph.Node{graph.Add(theta, step), graph.ZerosLike(theta)}
	})
}

// scales is T, as long as θ.
func (s SAM) scales(net *nets.Net, theta *graph.Node) *graph.Node {
	parts := net.Split(theta)
	for i, p := range net.Params() {
		if p.Role == nets.Bias || p.Role == nets.BNShift {
			parts[i] = graph.OnesLike(parts[i])
		} else {
			parts[i] = graph.AddScalar(graph.Abs(parts[i]), s.Eta)
		}
	}
	return nets.Join(parts)
}
