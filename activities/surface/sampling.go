package surface

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"lossatlas/activities/npz"
	"lossatlas/activities/refine"
)

// Sampling is the standard error of a grid's values as estimates of those over all examples of a population, of which the grid has seen
// Images, as if drawn at random: with the correction √(1 − Images/Population). Values are NaN where they are not known, as at points
// that were estimated.
type Sampling struct {
	Images, Population int
	LossSE             []float64
	AccuracySE         []float64 // percentage points
	// RiseSE is that of the loss minus the loss at the center over the same examples, whose common error cancels out: of the shape.
	RiseSE []float64
}

// FiniteCorrection is the factor on the standard error of a mean over images drawn without replacement from a finite population.
func FiniteCorrection(images, population int) float64 {
	return math.Sqrt(max(0, 1-float64(images)/float64(population)))
}

// SampledFrom makes room for standard errors, which AddSampled fills in.
func (g *Grid) SampledFrom(images, population int) {
	g.Sampling = &Sampling{Images: images, Population: population}
	for _, a := range g.Sampling.values() {
		*a.values = make([]float64, len(g.Mask))
		for i := range *a.values {
			(*a.values)[i] = math.NaN()
		}
	}
}

// AddSampled is Add for points with standard errors, which a grid without Sampling drops.
func (g *Grid) AddSampled(points []Sampled) error {
	plain := make([]Point, len(points))
	for i, p := range points {
		plain[i] = p.Point
	}
	if err := g.Add(plain); err != nil || g.Sampling == nil {
		return err
	}
	for _, p := range points {
		s := g.Sampling
		s.LossSE[p.Index], s.AccuracySE[p.Index], s.RiseSE[p.Index] = p.LossSE, p.AccuracySE, p.RiseSE
	}
	return nil
}

// Point is an evaluated point of the grid, with its standard errors.
func (g *Grid) Point(i int) Sampled {
	p := Sampled{Point{i, g.Loss[i], g.Accuracy[i]}, math.NaN(), math.NaN(), math.NaN()}
	if s := g.Sampling; s != nil {
		p.LossSE, p.AccuracySE, p.RiseSE = s.LossSE[i], s.AccuracySE[i], s.RiseSE[i]
	}
	return p
}

// Take puts a point that another grid was evaluated at into a place of this one, with what this one has room for.
func (g *Grid) Take(index int, from *Grid, at int) {
	g.Loss[index], g.Accuracy[index], g.Mask[index] = from.Loss[at], from.Accuracy[at], true
	g.TakeParts(index, from, at)
	if s := g.Sampling; s != nil {
		p := from.Point(at)
		s.LossSE[index], s.AccuracySE[index], s.RiseSE[index] = p.LossSE, p.AccuracySE, p.RiseSE
	}
	if c, f := g.Curvature, from.Curvature; c != nil && f != nil {
		c.LambdaMin[index], c.LambdaMax[index] = f.LambdaMin[at], f.LambdaMax[at]
		c.ResidualMin[index], c.ResidualMax[index] = f.ResidualMin[at], f.ResidualMax[at]
	}
}

// TakeParts puts the values of a point of another grid over subsets into a place of this one.
func (g *Grid) TakeParts(index int, from *Grid, at int) {
	parts := make(map[PartKey]refine.Part)
	from.CopyParts(parts, at)
	for k, p := range parts {
		if g.Parts == nil {
			g.Parts = make(map[PartKey]refine.Part)
		}
		g.Parts[PartKey{index, k.Subset}] = p
	}
}

// SamplingNote says from how many examples of which the loss was computed, the ones that the training uses or all of the test split, and how far it may be off for that; "" where that is not known.
func (g Grid) SamplingNote() string {
	s := g.Sampling
	if s == nil {
		return ""
	}
	largest := 0.0
	for i, se := range s.LossSE {
		if share := math.Abs(se / g.Loss[i]); share <= math.MaxFloat64 {
			largest = max(largest, share)
		}
	}
	format := "%s of %s examples"
	var made struct {
		Recipe struct {
			Params struct{ Data struct{ Split string } }
		}
	}
	if json.Unmarshal(g.Meta, &made) == nil {
		switch made.Recipe.Params.Data.Split {
		case "train":
			format = "%s of the %s training examples"
		case "test":
			format = "%s of all %s test examples"
		}
	}
	out := fmt.Sprintf(format, thousands(s.Images), thousands(s.Population))
	if largest == 0 {
		return out + ", standard error unknown"
	}
	return out + ", standard error ≤ " + Percent(round(largest)) + " of the loss"
}

// round keeps two significant digits.
func round(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return math.Round(v/unit) * unit
}

// values are the arrays of numbers with their names in a file.
func (s *Sampling) values() []namedValues {
	return []namedValues{{"loss_se", &s.LossSE}, {"accuracy_se", &s.AccuracySE}, {"rise_se", &s.RiseSE}}
}

func (s *Sampling) validate(points int) error {
	if s == nil {
		return nil
	}
	for _, a := range s.values() {
		if len(*a.values) != points {
			return fmt.Errorf("grid: %d points, but %d values of %s", points, len(*a.values), a.name)
		}
	}
	if s.Images < 1 || s.Population < s.Images {
		return fmt.Errorf("grid: %d examples of %d", s.Images, s.Population)
	}
	return nil
}

// arrays are the parts of a file.
func (s *Sampling) arrays(plane []int) []npz.Array {
	if s == nil {
		return nil
	}
	out := []npz.Array{{Name: "images", Shape: []int{1}, Data: []float64{float64(s.Images)}}, {Name: "population", Shape: []int{1}, Data: []float64{float64(s.Population)}}}
	for _, a := range s.values() {
		out = append(out, npz.Array{Name: a.name, Shape: plane, Data: *a.values})
	}
	return out
}

// decode takes an array of a file if it is one of a sampling's.
func (s *Sampling) decode(a npz.Array) (err error) {
	for name, to := range map[string]*int{"images": &s.Images, "population": &s.Population} {
		if a.Name != name {
			continue
		}
		var v float64
		if err := oneNumber(a, &v); err != nil {
			return err
		}
		if !(v >= 1 && v <= math.MaxInt32) {
			return fmt.Errorf("expected a number of examples, got %v", v)
		}
		*to = int(v)
	}
	for _, v := range s.values() {
		if v.name == a.Name {
			if *v.values, err = floats(a.Data); err != nil {
				return err
			}
		}
	}
	return nil
}

// oneNumber reads an array of one number.
func oneNumber(a npz.Array, to *float64) error {
	v, err := floats(a.Data)
	if err != nil || len(v) != 1 {
		return errors.Join(err, fmt.Errorf("expected one number, got %d", len(v)))
	}
	*to = v[0]
	return nil
}
