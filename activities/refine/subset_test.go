package refine

import (
	"math"
	"slices"
	"testing"
)

// examples is a landscape whose loss is the mean over examples that differ.
type examples struct {
	name string
	loss func(x, y float64, i int) float64
	n    int     // examples
	most float64 // cost with a subset, as a share of that without
}

// valley is a loss that each example has bent in its own way.
func valley(x, y float64, i int) float64 {
	a, b := float64(i%7)/7, float64(i%13)/13
	return 0.2 + x*x + 2*y*y + 0.5*a*math.Exp(x+a*y) + 0.3*b*math.Pow(math.Sin(3*x+6*b), 2)
}

// torn is a loss that is too rough for an interpolation, and whose examples differ smoothly.
func torn(x, y float64, i int) float64 {
	a, b := float64(i%7)/7, float64(i%13)/13
	return (2 + 0.9*math.Sin(29*x+3*y)*math.Cos(37*y-5*x)) * (1 + 0.4*a*math.Sin(2*x+b) + 0.3*b*y)
}

func (e examples) at(l Lattice, i, first int) Part {
	x, y := 2*float64(i%l.NX)/float64(l.NX-1)-1, 2*float64(i/l.NX)/float64(l.NY-1)-1
	sum, n := 0., 0.
	for k := range e.n {
		if k%Groups < first {
			sum, n = sum+e.loss(x, y, k), n+1
		}
	}
	return Part{sum / n, 100 / (1 + sum/n)}
}

// sample evaluates a point over the lattice's subset and, unless part is set, over all examples.
func (e examples) sample(l Lattice, i int, part bool) Sample {
	s := Sample{Index: i, PartOnly: part, Loss: math.NaN(), Accuracy: math.NaN()}
	if !part {
		whole := e.at(l, i, Groups)
		s.Loss, s.Accuracy = whole.Loss, whole.Accuracy
	}
	if l.Subset > 0 {
		over := e.at(l, i, Subsets[l.Subset-1])
		s.Part = &over
	}
	return s
}

// walk evaluates rounds over the best subset, and returns what they cost in evaluations over all examples.
func (e examples) walk(t *testing.T, l *Lattice, subsets bool) (rounds []Round, cost float64) {
	t.Helper()
	seen := map[[2]int]bool{}
	for {
		next := l.Next(rounds)
		if len(next.Whole)+len(next.Part) == 0 {
			return rounds, cost
		}
		r := Round{Check: next.Check}
		for part, indices := range [][]int{next.Whole, next.Part} {
			for _, i := range indices {
				if seen[[2]int{i, part}] {
					t.Fatalf("round %d has point %d again", len(rounds), i)
				}
				seen[[2]int{i, part}] = true
				if r.Samples = append(r.Samples, e.sample(*l, i, part == 1)); part == 0 {
					cost++
				} else {
					cost += l.share()
				}
			}
		}
		if rounds = append(rounds, r); len(rounds) == 1 && subsets {
			least := 1.
			for k := range Subsets {
				with := *l
				with.Subset = k + 1
				var first Round
				for _, i := range next.Whole {
					first.Samples = append(first.Samples, e.sample(with, i, false))
				}
				if c := with.SubsetCost(first); c < least {
					least, l.Subset, rounds[0] = c, k+1, first
				}
			}
		}
		if len(rounds) > 60 {
			t.Fatal("no end after 60 rounds")
		}
	}
}

// TestSubsets: with points over a subset of the examples 95 % of a surface are within their error, for less than without.
func TestSubsets(t *testing.T) {
	for _, e := range []examples{{"valley", valley, 500, 1}, {"torn", torn, 500, 0.5}} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			const n = 33
			l := Lattice{NX: n, NY: n, Error: 0.02}
			_, whole := e.walk(t, &l, false)
			rounds, cost := e.walk(t, &l, true)
			f := l.Estimate(rounds)
			within, stated, accurate := 0, 0, 0
			for i := range f.Loss {
				truth := e.at(l, i, Groups)
				off := math.Abs(f.Loss[i] - truth.Loss)
				if off <= f.Allowed[i] {
					within++
				}
				if off <= f.LossError[i] {
					stated++
				}
				if math.Abs(f.Accuracy[i]-truth.Accuracy) <= f.AccuracyError[i]+1e-9 {
					accurate++
				}
				if f.LossError[i] > f.Allowed[i]*(1+1e-12) || f.Evaluated[i] && (off != 0 || f.LossError[i] != 0) {
					t.Fatalf("point %d, evaluated over all examples: %v, has an error of %v; it is off by %v, and %v is allowed", i, f.Evaluated[i], f.LossError[i], off, f.Allowed[i])
				}
			}
			t.Logf("subset %d/%d: %.0f evaluations of %d, %.0f without; %d within the error, %d within the stated one", Subsets[max(l.Subset, 1)-1], Groups, cost, n*n, whole, within, stated)
			if l.Subset == 0 || cost > e.most*whole {
				t.Errorf("subset %d: %.0f evaluations, %.0f without, want at most %v of that", l.Subset, cost, whole, e.most)
			}
			if enough := 0.95 * n * n; float64(within) < enough || float64(stated) < enough || float64(accurate) < 0.9*n*n {
				t.Errorf("%d of %d points are within the allowed error, %d within the stated one, %d within that of the accuracy", within, n*n, stated, accurate)
			}
		})
	}
}

// TestSubsetSizes: the sizes of subsets are those of their places, and each has its share of every class.
func TestSubsetSizes(t *testing.T) {
	for _, n := range []int{1, 30, 31, 32, 2000} {
		turns, sorted := make([]int32, n), make([]int32, n)
		for i := range n {
			turns[i], sorted[i] = int32(i%10), int32(i*10/n)
		}
		for _, classes := range [][]int32{turns, sorted, nil} {
			for k := range Subsets {
				of := SubsetOf(k+1, Deal(classes, n))
				if len(of) != SubsetSize(k+1, n) {
					t.Errorf("subset %d of %d examples has %d, and %d places", k+1, n, SubsetSize(k+1, n), len(of))
				}
				count := make([]int, 10)
				for _, i := range of {
					if classes != nil {
						count[classes[i]]++
					}
				}
				if slices.Max(count)-slices.Min(count) > 2 {
					t.Errorf("subset %d of %d has %v of ten classes", k+1, n, count)
				}
			}
		}
	}
}

// TestNoSubset: no subset is chosen where too few points have values over it, or where losses are not above 0.
func TestNoSubset(t *testing.T) {
	l, e := Lattice{NX: 33, NY: 33, Error: 0.02, Subset: 3}, examples{loss: valley, n: 200}
	var all Round
	for _, i := range l.Start() {
		all.Samples = append(all.Samples, e.sample(l, i, false))
	}
	few, negative := Round{Samples: slices.Clone(all.Samples)}, Round{Samples: slices.Clone(all.Samples)}
	for i := range few.Samples[:60] {
		few.Samples[i].Part = nil
	}
	negative.Samples[5].Loss = -1
	if c := l.SubsetCost(all); c >= 1 {
		t.Errorf("the subset costs %v", c)
	}
	for name, r := range map[string]Round{"few": few, "negative": negative} {
		if c := l.SubsetCost(r); !math.IsInf(c, 1) {
			t.Errorf("%s: the subset costs %v", name, c)
		}
	}
}
