package sharpness

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Region is a set of perturbations ε = T·u, for u in a ball ‖u‖ ≤ radius, or a box |uᵢ| ≤ 1.
type Region struct {
	weights int                        // length of ε
	dim     int                        // length of u
	radius  float64                    // of the ball; 0 for a box
	spread  func(epsilon, u []float64) // ε = T·u
	gather  func(slope, g []float64)   // Tᵀ·g
}

// Ball is ‖ε‖ ≤ radius (Foret et al. 2021, equation 1), over n weights.
func Ball(n int, radius float64) Region {
	same := func(to, from []float64) { copy(to, from) }
	return Region{weights: n, dim: n, radius: radius, spread: same, gather: same}
}

// AdaptiveBall is ‖ε/|w|‖ ≤ radius, with the quotient of each weight (Kwon et al. 2021, definition 2, with T = diag |w|). Weights of 0 stay.
func AdaptiveBall(w []float64, radius float64) Region {
	r := scaled(magnitudes(w))
	r.radius = radius
	return r
}

// Box is |εᵢ| ≤ size·(|wᵢ| + 1) (Keskar et al. 2017, section 2.2.2, in the whole space).
func Box(w []float64, size float64) Region { return scaled(boxSides(w, size)) }

// SubspaceBox is ε = A·y with |yᵢ| ≤ size·(|(A⁺w)ᵢ| + 1), for a random matrix A of dim columns and its pseudo-inverse A⁺ (Keskar et al. 2017, metric 2.1). The
// entries of A are ±1: the paper says only that they are random.
func SubspaceBox(w []float64, size float64, dim int, seed uint64) (Region, error) {
	n := len(w)
	if dim < 1 || dim > n {
		return Region{}, fmt.Errorf("a random subspace of %d dimensions among %d weights: it has from 1 to as many as there are weights", dim, n)
	}
	columns := make([]signs, dim)
	for j := range columns {
		columns[j] = randomSigns(n, seed, j)
	}
	// A⁺w = (AᵀA)⁻¹Aᵀw
	products, gram := make([]float64, dim), mat.NewSymDense(dim, nil)
	for j, c := range columns {
		products[j] = c.dot(w)
		for i := range j + 1 {
			gram.SetSym(i, j, columns[i].agreement(c, n))
		}
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(gram) {
		return Region{}, fmt.Errorf("the columns of a random subspace of %d dimensions among %d weights depend on each other: take fewer", dim, n)
	}
	var inside mat.VecDense
	if err := cholesky.SolveVecTo(&inside, mat.NewVecDense(dim, products)); err != nil {
		return Region{}, fmt.Errorf("a random subspace of %d dimensions among %d weights: %w", dim, n, err)
	}
	sides := boxSides(inside.RawVector().Data, size)
	return Region{
		weights: n, dim: dim,
		spread: func(epsilon, u []float64) {
			clear(epsilon)
			for j, c := range columns {
				c.addTo(epsilon, sides[j]*u[j])
			}
		},
		gather: func(slope, g []float64) {
			for j, c := range columns {
				slope[j] = sides[j] * c.dot(g)
			}
		},
	}, nil
}

// scaled is a box or a ball of diagonal T.
func scaled(sides []float64) Region {
	multiply := func(to, from []float64) { floats.MulTo(to, sides, from) }
	return Region{weights: len(sides), dim: len(sides), spread: multiply, gather: multiply}
}

func boxSides(w []float64, size float64) []float64 {
	sides := magnitudes(w)
	for i := range sides {
		sides[i] = size * (sides[i] + 1)
	}
	return sides
}

func magnitudes(w []float64) []float64 {
	out := make([]float64, len(w))
	for i, v := range w {
		out[i] = math.Abs(v)
	}
	return out
}

// signs is a column of ±1, a bit for each: as numbers, a hundred of a large network would not fit into memory.
type signs []uint64

func randomSigns(n int, seed uint64, column int) signs {
	rng := rand.New(rand.NewPCG(seed, 0x737562<<32+uint64(column)))
	out := make(signs, (n+63)/64)
	for i := range out {
		out[i] = rng.Uint64()
	}
	if rest := n % 64; rest > 0 {
		out[len(out)-1] &= 1<<rest - 1 // bits behind the end agree in all columns
	}
	return out
}

// at is entry i.
func (s signs) at(i int) float64 { return float64(2*int(s[i/64]>>(i%64)&1) - 1) }

func (s signs) dot(v []float64) (sum float64) {
	for i, x := range v {
		sum += s.at(i) * x
	}
	return sum
}

func (s signs) addTo(v []float64, by float64) {
	for i := range v {
		v[i] += s.at(i) * by
	}
}

// agreement is the scalar product with another column of n entries.
func (s signs) agreement(other signs, n int) float64 {
	differing := 0
	for i, word := range s {
		differing += bits.OnesCount64(word ^ other[i])
	}
	return float64(n - 2*differing)
}

// project moves u into the region.
func (r Region) project(u []float64) {
	if r.radius == 0 {
		for i, v := range u {
			u[i] = min(max(v, -1), 1)
		}
		return
	}
	if length := floats.Norm(u, 2); length > r.radius {
		floats.Scale(r.radius/length, u)
	}
}

// uphill turns the gradient in u into the direction of steepest ascent: of length radius in a ball, signs in a box. It says whether there is one.
func (r Region) uphill(slope []float64) bool {
	if r.radius == 0 {
		rises := false
		for i, v := range slope {
			if v != 0 {
				slope[i], rises = math.Copysign(1, v), true
			}
		}
		return rises
	}
	length := floats.Norm(slope, 2)
	if length == 0 {
		return false
	}
	floats.Scale(r.radius/length, slope)
	return true
}

// random is a point inside: Gaussian at half the radius, or uniform in the box of half the sides.
func (r Region) random(rng *rand.Rand) []float64 {
	u := make([]float64, r.dim)
	for i := range u {
		if r.radius == 0 {
			u[i] = rng.Float64() - 0.5
		} else {
			u[i] = rng.NormFloat64()
		}
	}
	if length := floats.Norm(u, 2); r.radius > 0 && length > 0 {
		floats.Scale(r.radius/2/length, u)
	}
	return u
}
