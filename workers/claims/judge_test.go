package main

import (
	"fmt"
	"math"
	"testing"
)

// made is a sweep of known truth.
type made struct{ Numbers }

// network adds a converged one; the rest is set by the caller.
func (m *made) network(net Network) {
	if net.TrainLoss == nil {
		net.TrainLoss = new(0.01)
	}
	if net.TestError == nil {
		net.TestError = new(50.0)
	}
	net.Name = fmt.Sprint(net.Net, net.Optimizer, net.Decay, net.Batch, net.Rate, net.Seed)
	m.Networks = append(m.Networks, net)
}

// jitter differs between seeds, and little from 0.
func jitter(seed int) float64 { return 0.01 * math.Sin(float64(7*seed)) }

// batches are what a test says of the networks of table1: of the small (0) and the large (1) batch, without (0) and with (1) weight decay.
type batches struct {
	line, width, deviation, small, testError [2][2]float64
	growth, pcs, random                      float64
	bound                                    bool // widths along lines are lower bounds
	loss                                     float64
}

// asPaper is the truth as the paper has it.
func asPaper() batches {
	return batches{
		line:      [2][2]float64{{0.4, 0.1}, {0.1, 0.4}},
		width:     [2][2]float64{{0.6, 0.5}, {0.8, 0.55}},
		deviation: [2][2]float64{{0.08, 0.05}, {0.03, 0.05}},
		small:     [2][2]float64{{0.1, 0.2}, {0.4, 0.2}},
		testError: [2][2]float64{{50, 54}, {47, 53}},
		growth:    1.3, pcs: 0.7, random: 1e-4, loss: 0.01,
	}
}

func (b batches) sweep() map[string]*Numbers {
	m := &made{Numbers{Sweep: "table1"}}
	for _, optimizer := range []string{"sgd", "adam"} {
		for d, decay := range []float64{0, 5e-4} {
			for k, batch := range []int{32, 256} {
				for seed := 1; seed <= 5; seed++ {
					j := 1 + jitter(seed+10*k)
					width, testError := b.width[d][k], b.testError[d][k]
					if optimizer == "adam" { // further along the same curve, so that cells differ
						width, testError = width*0.9, testError+1.5
					}
					m.network(Network{
						Net: "vgg9:width=16", Optimizer: optimizer, Decay: decay, Batch: batch, Seed: uint64(seed), TrainLoss: new(b.loss), TestError: new(testError * j),
						Widths: map[string][]Value{"filter": {{V: width / j}}, "layer": {{V: 1 + jitter(seed*k+d)}}, "none": {{V: 1 + jitter(3*seed-k+d)}}},
						Path:   &Path{Points: 49, First: b.pcs - 0.1, Second: 0.1 * j, Random: b.random, NormFrom: 10, NormTo: 10 * b.growth * j}, Weights: &Weights{Deviation: b.deviation[d][k] * j, Small: b.small[d][k] * j},
					})
				}
			}
			for seed := 1; seed <= 5; seed++ {
				m.Interpolations = append(m.Interpolations, Interpolation{Optimizer: optimizer, Decay: decay, Seed: uint64(seed), Small: Value{V: b.line[d][0] * (1 + jitter(seed)), AtLeast: b.bound}, Large: Value{V: b.line[d][1]}})
			}
		}
	}
	return map[string]*Numbers{"table1": &m.Numbers}
}

// TestBatches: each verdict on the sweep of batches comes out each way.
func TestBatches(t *testing.T) {
	for _, c := range []struct {
		claim  string
		change func(b *batches)
		want   verdict
	}{
		{"a", func(*batches) {}, holds},
		{"a", func(b *batches) { b.line[1] = b.line[0] }, contradicted},
		{"a", func(b *batches) { b.line[1] = [2]float64{0.2, 0.2} }, unsure},
		{"a", func(b *batches) { b.bound = true }, unsure}, // with weight decay the small batch's width could be larger
		{"b", func(*batches) {}, holds},
		{"b", func(b *batches) { b.growth = 0.8 }, contradicted},
		{"b", func(b *batches) { b.deviation[1] = b.deviation[0] }, contradicted},
		{"b", func(b *batches) { b.small[0] = [2]float64{0.2, 0.2} }, unsure},
		{"small-batches", func(*batches) {}, holds},
		{"small-batches", func(b *batches) { b.testError[1] = [2]float64{53, 47} }, contradicted},
		{"small-batches", func(b *batches) { b.testError[1] = [2]float64{50, 50} }, unsure},
		{"subtle", func(*batches) {}, holds},
		{"subtle", func(b *batches) { b.width = [2][2]float64{{2, 0.1}, {2, 0.1}} }, contradicted},
		{"subtle", func(b *batches) { b.width = b.line }, unsure},
		{"c", func(*batches) {}, holds},
		{"c", func(b *batches) { b.testError = [2][2]float64{{54, 47}, {60, 50}} }, contradicted},
		{"c", func(b *batches) { b.testError = [2][2]float64{{50, 50}, {50, 50}} }, unsure},
		{"normalization", func(*batches) {}, holds},
		{"f", func(*batches) {}, holds},
		{"f", func(b *batches) { b.pcs = 0.97 }, contradicted},
		{"f", func(b *batches) { b.random = 0.02 }, contradicted},
		{"f", func(b *batches) { b.pcs = 0.9 }, unsure},
	} {
		b := asPaper()
		c.change(&b)
		if got := claimOf(t, c.claim).find(b.sweep()); got.verdict != c.want {
			t.Errorf("claim %s: %s, want %s: %+v", c.claim, got.verdict, c.want, got.statistics)
		}
		b.loss = 0.2
		if got := claimOf(t, c.claim).find(b.sweep()); got.verdict != unsure && c.claim != "f" {
			t.Errorf("claim %s of networks that are not converged: %s", c.claim, got.verdict)
		}
	}
}

func claimOf(t *testing.T, id string) claim {
	t.Helper()
	for _, c := range claims {
		if c.id == id {
			return c
		}
	}
	t.Fatalf("no claim %s", id)
	return claim{}
}

// landscape is what a test says of one network's planes.
type landscape struct{ away, height, width, auc, elongation, spread float64 }

// deep are networks with planes, by their names.
func deep(sweep string, seeds int, of map[string]landscape) *Numbers {
	m := &made{Numbers{Sweep: sweep}}
	for _, name := range []string{"resnet20:width=4", "resnet20:width=8", "resnet20:width=16", "resnet56:width=8", deepNet + ":width=8", "resnet20-noshort:width=8", deepNet + "-noshort:width=8", "resnet56-noshort", "resnet56"} {
		l, ok := of[name]
		for seed := 1; ok && seed <= seeds; seed++ {
			net := Network{Net: name, Optimizer: "sgd", Rate: depthRate, Seed: uint64(seed), Widths: map[string][]Value{"surface": {{V: l.width * (1 + jitter(seed))}}}, FirstLoss: 2.5 * (1 + jitter(seed))}
			for i := range 5 {
				j := jitter(3*seed + i)
				net.Planes = append(net.Planes, Plane{Map: fmt.Sprint("plane", i), Away: l.away + j/10, Center: 0.01, Height: Value{V: l.height * (1 + j)}, Contour: &Contour{LogRadius: Value{V: math.Log(l.width) + j*(1+l.spread)}, LogElongation: Value{V: l.elongation + j}}, AUC: new(l.auc + j), NotConvex: 9, IsConvex: 9})
			}
			m.network(net)
		}
	}
	return &m.Numbers
}

// TestLandscapes: each verdict on planes comes out each way.
func TestLandscapes(t *testing.T) {
	smooth, torn := landscape{away: 0.01, height: 6, width: 1, auc: 0.9}, landscape{away: 0.4, height: 0.5, width: 0.3, auc: 0.9}
	depths := func(short20, shortDeep, without20, withoutDeep landscape) map[string]landscape {
		return map[string]landscape{"resnet20:width=8": short20, deepNet + ":width=8": shortDeep, "resnet20-noshort:width=8": without20, deepNet + "-noshort:width=8": withoutDeep}
	}
	for i, c := range []struct {
		claim string
		of    map[string]landscape
		seeds int
		want  verdict
	}{
		{"figure1", map[string]landscape{"resnet56": smooth, "resnet56-noshort": torn}, 1, holds},
		{"figure1", map[string]landscape{"resnet56": torn, "resnet56-noshort": smooth}, 1, contradicted},
		{"figure1", map[string]landscape{"resnet56": torn, "resnet56-noshort": torn}, 1, unsure},
		{"d", depths(smooth, smooth, smooth, torn), 3, holds},
		{"d", depths(smooth, torn, smooth, smooth), 3, contradicted},
		{"d", depths(smooth, smooth, smooth, smooth), 3, unsure},
		{"d", depths(smooth, smooth, smooth, torn), 1, unsure}, // one seed has no interval
		{"shallow", depths(smooth, smooth, smooth, torn), 3, holds},
		{"shallow", depths(smooth, smooth, torn, torn), 3, contradicted},
		{"shallow", depths(smooth, smooth, smooth, torn), 1, unsure},
		{"deep", map[string]landscape{"resnet20:width=8": smooth, "resnet56:width=8": smooth}, 3, holds},
		{"deep", map[string]landscape{"resnet20:width=8": smooth, "resnet56:width=8": torn}, 3, contradicted},
		{"deep", map[string]landscape{"resnet20:width=8": smooth, "resnet56:width=8": {away: 0.01, width: 0.7}}, 3, contradicted},
		{"deep", map[string]landscape{"resnet20:width=8": smooth, "resnet56:width=8": {away: 0.01, width: 1, elongation: 1}}, 3, contradicted},
		{"deep", map[string]landscape{"resnet20:width=8": smooth, "resnet56:width=8": {away: 0.01, width: 0.8, spread: 30}}, 3, unsure},
		{"deep", map[string]landscape{"resnet20:width=8": smooth, "resnet56:width=8": smooth}, 1, unsure},
		{"wide", map[string]landscape{"resnet20:width=4": torn, "resnet20:width=16": smooth}, 3, holds},
		{"wide", map[string]landscape{"resnet20:width=4": smooth, "resnet20:width=16": torn}, 3, contradicted},
		{"wide", map[string]landscape{"resnet20:width=4": smooth, "resnet20:width=16": smooth}, 3, unsure},
		{"e", depths(smooth, smooth, smooth, torn), 1, holds},
		{"e", depths(landscape{auc: 0.2}, landscape{auc: 0.21}, landscape{auc: 0.22}, landscape{auc: 0.2}), 1, contradicted},
		{"e", depths(landscape{auc: 0.9}, landscape{auc: 0.1}, landscape{auc: 0.5}, landscape{auc: 0.6}), 1, unsure},
		{"initialization", depths(smooth, smooth, smooth, torn), 3, holds},
		{"initialization", depths(smooth, smooth, smooth, smooth), 3, contradicted},
		{"initialization", depths(smooth, smooth, smooth, landscape{height: 2.49}), 3, unsure},
	} {
		all := map[string]*Numbers{}
		for _, name := range []string{"authors", "depth", "deep", "width", "curvature", "initialization"} {
			all[name] = deep(name, c.seeds, c.of)
		}
		if c.claim == "e" {
			delete(all, "authors")
		}
		if got := claimOf(t, c.claim).find(all); got.verdict != c.want {
			t.Errorf("%d, claim %s: %s, want %s: %+v", i, c.claim, got.verdict, c.want, got.statistics)
		}
	}
}

// TestDirections: similar profiles hold, different ones are contradicted, and cut widths tell nothing.
func TestDirections(t *testing.T) {
	for _, c := range []struct {
		spread, correlation float64
		cut                 bool
		want                verdict
	}{{0.05, 0.98, false, holds}, {0.8, 0.98, false, contradicted}, {0.05, 0.5, false, contradicted}, {0.05, 0.9, false, unsure}, {0.05, 0.98, true, unsure}} {
		m := &made{Numbers{Sweep: "directions"}}
		for i := range 6 {
			net := Network{Net: fmt.Sprint("net", i), Widths: map[string][]Value{}, Correlations: map[string][]float64{"line": {c.correlation + jitter(i), c.correlation}}}
			for k := range 10 {
				net.Widths["line"] = append(net.Widths["line"], Value{V: 1 + c.spread*math.Sin(float64(i+3*k)), AtLeast: c.cut && k == 0})
			}
			m.network(net)
		}
		if got := claimOf(t, "g").find(map[string]*Numbers{"directions": &m.Numbers}); got.verdict != c.want {
			t.Errorf("%+v: %s: %+v", c, got.verdict, got.statistics)
		}
	}
}

// TestBounds: bounds stand in where they weaken the claim alone.
func TestBounds(t *testing.T) {
	three := func(a, b, c Value) []Value { return []Value{a, b, c} }
	for i, c := range []struct {
		units []Value
		want  verdict // of a claim that wants the mean above 0
	}{
		{three(Value{V: 1}, Value{V: 1.1}, Value{V: 1.2, AtLeast: true}), holds},
		{three(Value{V: 1}, Value{V: 1.1}, Value{V: 1.2, AtMost: true}), unsure},
		{three(Value{V: -1}, Value{V: -1.1}, Value{V: -1.2, AtMost: true}), contradicted},
		{three(Value{V: -1}, Value{V: -1.1}, Value{V: -1.2, AtLeast: true}), unsure},
		{three(Value{V: 1}, Value{V: 1.1}, Value{V: math.NaN()}), unsure},       // a third is left out
		{three(Value{V: 1}, Value{V: 1.1}, Value{1.2, true, true}), unsure},     // bounded from nowhere
		{[]Value{{V: 1}, {V: 1.1}, {V: 1.2}, {V: 1.1}, {V: math.NaN()}}, holds}, // a fifth is left out
	} {
		if got := verdictOf([]statistic{student("", c.units, 0, inf)}); got != c.want {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
	}
	if r := logRatio(Value{V: 2, AtLeast: true}, Value{V: 1}); !r.AtLeast || r.AtMost {
		t.Errorf("a lower bound over a number is %+v", r)
	}
	if r := logRatio(Value{V: 2}, Value{V: 1, AtLeast: true}); r.AtLeast || !r.AtMost {
		t.Errorf("a number over a lower bound is %+v", r)
	}
}
