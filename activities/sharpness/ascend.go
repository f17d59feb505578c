package sharpness

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// Loss is a loss as a function of a perturbation ε of some weights.
type Loss interface {
	// At is the loss at ε.
	At(ctx context.Context, epsilon []float64) (float64, error)
	// Gradient puts the gradient at ε into dst, of the same length, and returns the loss there.
	Gradient(ctx context.Context, dst, epsilon []float64) (float64, error)
}

// Options of Ascend.
type Options struct {
	// Steps is how many gradients are taken after the first.
	Steps int
	// Start numbers the starts: 0 is ε = 0, the others are random points of the region, which Seed chooses. Where the gradient vanishes, 0 is random as well.
	Start int
	Seed  uint64
	// Progress is called after each gradient.
	Progress func(gradients int)
}

// Peak is the largest loss that an ascent found, infinite where one was not finite, and where.
type Peak struct {
	Loss    float64
	Epsilon []float64
}

// longest is the first step of an ascent in units of the region's radius: long enough to lead to its border from anywhere.
const longest = 4

// Ascend looks for the largest loss in a region by projected gradient ascent: steps along the normalized gradient in a ball (Foret et al. 2021, equation 2) and
// along its signs in a box (Madry et al. 2018), the steepest ascent in either. A step that does not raise the loss is taken back, and the
// next is half as long. What it finds is a lower bound of the maximum. Equal losses and options give equal bits.
func Ascend(ctx context.Context, f Loss, r Region, opt Options) (Peak, error) {
	if opt.Steps < 1 {
		return Peak{}, fmt.Errorf("an ascent of %d steps: take at least 1", opt.Steps)
	}
	rng := rand.New(rand.NewPCG(opt.Seed, 0x617363<<32+uint64(opt.Start)))
	u := make([]float64, r.dim)
	if opt.Start > 0 {
		u = r.random(rng)
	}
	a := &ascent{Loss: f, Region: r, opt: opt, gradient: make([]float64, r.weights)}
	here, err := a.at(ctx, u)
	if err != nil || math.IsInf(here.loss, 0) {
		return here.peak(), err
	}
	if !here.rises {
		if here, err = a.at(ctx, r.random(rng)); err != nil {
			return here.peak(), err
		}
	}
	for step, length := 0, float64(longest); step < opt.Steps && here.rises && !math.IsInf(here.loss, 0); step++ {
		next := append([]float64(nil), here.u...)
		floats.AddScaled(next, length, here.uphill)
		r.project(next)
		there, err := a.at(ctx, next)
		if err != nil {
			return here.peak(), err
		}
		if there.loss > here.loss {
			here = there
		} else {
			length /= 2
		}
	}
	return here.peak(), nil
}

// ascent is one on its way.
type ascent struct {
	Loss
	Region
	opt       Options
	gradient  []float64
	gradients int
}

// place is a point of an ascent, with the direction of steepest ascent there.
type place struct {
	u, epsilon, uphill []float64
	rises              bool
	loss               float64
}

func (p place) peak() Peak { return Peak{p.loss, p.epsilon} }

// at evaluates a point. A loss or gradient that is not finite makes its loss infinite.
func (a *ascent) at(ctx context.Context, u []float64) (place, error) {
	p := place{u: u, epsilon: make([]float64, a.weights), uphill: make([]float64, a.dim)}
	a.spread(p.epsilon, u)
	var err error
	if p.loss, err = a.Gradient(ctx, a.gradient, p.epsilon); err != nil {
		return p, err
	}
	if a.gradients++; a.opt.Progress != nil {
		a.opt.Progress(a.gradients)
	}
	a.gather(p.uphill, a.gradient)
	if s := floats.Sum(p.uphill) + p.loss; math.IsNaN(s) || math.IsInf(s, 0) {
		p.loss = math.Inf(1)
		return p, nil
	}
	p.rises = a.uphill(p.uphill)
	return p, nil
}

// Perturbation is a Gaussian perturbation of the weights w of a fixed relative size r, of g ~ N(0, I) with the given index:
//
//	ε = r ‖w‖ g/‖g‖           so that ‖ε‖ = r‖w‖
//	ε = r √n |w|⊙g/‖g‖        adaptive: the root of the mean square of ε/w is r
//
// The mean rise of the loss over them is the average-case sharpness (Andriushchenko et al. 2023, section 2, up to the fixed length). The
// adaptive one does not change when weights are rescaled and the network's function stays the same.
func Perturbation(w []float64, r float64, adaptive bool, seed uint64, index int) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0x6e6f69<<32+uint64(index)))
	epsilon := make([]float64, len(w))
	for i := range epsilon {
		epsilon[i] = rng.NormFloat64()
	}
	length := floats.Norm(epsilon, 2)
	if length == 0 {
		return epsilon
	}
	if adaptive {
		floats.Scale(r*math.Sqrt(float64(len(w)))/length, epsilon)
		floats.Mul(epsilon, magnitudes(w))
	} else {
		floats.Scale(r*floats.Norm(w, 2)/length, epsilon)
	}
	return epsilon
}
