package align

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// TestAssign compares with all permutations.
func TestAssign(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 7 {
		for range 20 {
			m := make([]float64, n*n)
			for i := range m {
				m[i] = float64(rng.IntN(9)) - 4 // ties are frequent
			}
			value := func(i, j int) float64 { return m[i*n+j] }
			sum := func(to []int) (v float64) {
				for i, j := range to {
					v += value(i, j)
				}
				return v
			}
			got := assign(n, value)
			if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, identity([]nets.Units{{N: n}})[0]) {
				t.Fatalf("%v is no permutation", got)
			}
			best := math.Inf(-1)
			eachPermutation(identity([]nets.Units{{N: n}})[0], 0, func(p []int) { best = max(best, sum(p)) })
			if sum(got) != best {
				t.Errorf("n = %d, %v: %v has the sum %v, the best %v", n, m, got, sum(got), best)
			}
		}
	}
}

func eachPermutation(p []int, at int, visit func([]int)) {
	if at >= len(p) {
		visit(p)
	}
	for i := at; i < len(p); i++ {
		p[at], p[i] = p[i], p[at]
		eachPermutation(p, at+1, visit)
		p[at], p[i] = p[i], p[at]
	}
}

// TestWeightsFindAPermutation: units in a random order are put back exactly, in every built-in kind of network.
func TestWeightsFindAPermutation(t *testing.T) {
	images := problem.Problem{Shape: []int{16, 16, 3}, Type: problem.Float32, Outputs: 10, Loss: problem.CrossEntropy}
	mlp := `[{"kind": "flatten"}, {"kind": "linear", "name": "a", "out": 12}, {"kind": "relu"}, {"kind": "linear", "name": "b", "out": 9}, {"kind": "relu"}, {"kind": "linear", "name": "c", "out": 10}]`
	dense := `[{"kind": "conv", "name": "a", "out": 8, "kernel": 3, "stride": 1, "padding": 1}, {"kind": "dense", "body": [{"kind": "bn", "name": "n"},
		{"kind": "relu"}, {"kind": "conv", "name": "b", "out": 6, "kernel": 1, "stride": 1}, {"kind": "conv", "name": "c", "out": 4, "kernel": 3, "stride": 1, "padding": 1}]},
		{"kind": "bn", "name": "m"}, {"kind": "relu"}, {"kind": "conv", "name": "d", "out": 5, "kernel": 1, "stride": 1}, {"kind": "avgpool"}, {"kind": "flatten"}, {"kind": "linear", "name": "e", "out": 10}]`
	for _, test := range []struct {
		net  string
		sets int
	}{
		{mlp, 2},
		{"vgg9:width=4", 8},
		{"small:width=4", 4},              // two stages' skip connections, and one set within each block
		{"small:width=4,shortcut=pad", 5}, // the second stage has the channels of the first between two sets of new ones
		{"resnet20:width=4", 12},          // three stages and nine blocks
		{"resnet20-noshort:width=4", 19},  // a set for each convolution
		{dense, 4},                        // a set for each convolution, of which the third reads two
	} {
		net, err := nets.Of(test.net, "net", images)
		if err != nil {
			t.Fatal(err)
		}
		sets, err := net.Units()
		if err != nil || len(sets) != test.sets {
			t.Fatalf("%s: %d sets, %v; want %d", test.net, len(sets), err, test.sets)
		}
		theta, state := net.Init(1)
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range state {
			state[i] = rng.Float32()
		}
		shuffled := make(Order, len(sets))
		for k, set := range sets {
			shuffled[k] = rng.Perm(set.N)
		}
		b, bState := Permute(net, sets, shuffled, theta, state)
		if slices.Equal(b, theta) {
			t.Fatalf("%s: nothing was permuted", test.net)
		}
		found := Weights(net, sets, theta, b)
		back, backState := Permute(net, sets, found, b, bState)
		if !slices.Equal(back, theta) || !slices.Equal(backState, state) {
			t.Errorf("%s: not all units were put back: %d of them moved", test.net, found.Moved())
		}
		if found := Weights(net, sets, theta, theta); found.Moved() != 0 {
			t.Errorf("%s: %d units of the same weights moved", test.net, found.Moved())
		}
	}
}

// TestTiedUnits counts the places of units in a residual network, which follow from its definition.
func TestTiedUnits(t *testing.T) {
	net, err := nets.Of("small:width=4", "net", problem.Problem{Shape: []int{8, 8, 3}, Type: problem.Float32, Outputs: 10, Loss: problem.CrossEntropy})
	if err != nil {
		t.Fatal(err)
	}
	sets, err := net.Units()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, set := range sets {
		text := fmt.Sprint(set.N, ":")
		for _, p := range set.Params {
			text += fmt.Sprintf(" %s/%d", net.Params()[p.Tensor].Name, p.Axis)
		}
		got = append(got, text)
	}
	want := []string{
		"4: conv1.weight/0 bn1.weight/0 bn1.bias/0 layer1.0.conv1.weight/1 layer1.0.conv2.weight/0 layer1.0.bn2.weight/0 layer1.0.bn2.bias/0 layer2.0.conv1.weight/1 layer2.0.shortcut.0.weight/1",
		"4: layer1.0.conv1.weight/0 layer1.0.bn1.weight/0 layer1.0.bn1.bias/0 layer1.0.conv2.weight/1",
		"8: layer2.0.conv1.weight/0 layer2.0.bn1.weight/0 layer2.0.bn1.bias/0 layer2.0.conv2.weight/1",
		"8: layer2.0.conv2.weight/0 layer2.0.bn2.weight/0 layer2.0.bn2.bias/0 layer2.0.shortcut.0.weight/0 layer2.0.shortcut.1.weight/0 layer2.0.shortcut.1.bias/0 linear.weight/1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("sets of units:\n%q\nwant\n%q", got, want)
	}
}
