package engine_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/align"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
)

// TestActivationsFindAPermutation: units in a random order are put back exactly, also where a layer takes units in as stretches of features,
// where units meet in skip connections, and where images come in several batches.
func TestActivationsFindAPermutation(t *testing.T) {
	b := open(t, "go")
	images := noise(24)
	for _, name := range []string{"vgg9:width=4", "small:width=4", "small:width=4,shortcut=pad",
		`[{"kind": "conv", "name": "a", "out": 4, "kernel": 3, "stride": 4, "padding": 1}, {"kind": "relu"}, {"kind": "flatten"}, {"kind": "linear", "name": "b", "out": 10}]`} {
		net, err := nets.Of(name, "net", shared.Problem)
		if err != nil {
			t.Fatal(err)
		}
		sets, err := net.Units()
		if err != nil {
			t.Fatal(err)
		}
		theta, state := net.Init(1)
		rng := rand.New(rand.NewPCG(3, 4))
		for _, p := range net.Params() {
			if strings.HasSuffix(p.Name, ".bias") {
				for i := range p.Size {
					theta[p.Offset+i] = 1 + rng.Float32() // no unit is constant
				}
			}
		}
		order := make(align.Order, len(sets))
		for k, set := range sets {
			order[k] = rng.Perm(set.N)
		}
		other, otherState := align.Permute(net, sets, order, theta, state)
		matrices, err := engine.Correlations(t.Context(), b, net, sets, engine.Minimizer{Theta: theta, State: state}, engine.Minimizer{Theta: other, State: otherState}, images, 8)
		if err != nil {
			t.Fatal(err)
		}
		back, backState := align.Permute(net, sets, align.Activations(sets, matrices), other, otherState)
		if !slices.Equal(back, theta) || !slices.Equal(backState, state) || slices.Equal(other, theta) {
			t.Errorf("%s: not all units were put back", name)
		}
		whole, err := engine.Correlations(t.Context(), b, net, sets, engine.Minimizer{Theta: theta, State: state}, engine.Minimizer{Theta: other, State: otherState}, images, 24)
		if err != nil {
			t.Fatal(err)
		}
		for k := range sets {
			for i, v := range whole[k] {
				if math.Abs(v-matrices[k][i]) > 1e-3 {
					t.Fatalf("%s: a correlation is %v over one batch, %v over three", name, v, matrices[k][i])
				}
			}
		}
	}
	net, theta, state := tiny(t)
	m := engine.Minimizer{Theta: theta, State: state}
	if _, err := engine.Correlations(t.Context(), b, net, nil, m, m, images, 25); err == nil {
		t.Error("correlations over no batch")
	}
}
