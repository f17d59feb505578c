package nets_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// TestTablesMatchPyTorch compares names, shapes and order of parameters and
// buffers with what PyTorch's modules reported.
func TestTablesMatchPyTorch(t *testing.T) {
	for _, name := range []string{"tiny_a", "resnet20", "vgg9_w16"} {
		t.Run(name, func(t *testing.T) {
			c := shared.Open(t, name)
			type entry struct {
				Name  string
				Shape []int
			}
			var want struct {
				N      int     `json:"n_params"`
				Params []entry `json:"param_order"`
				State  []entry `json:"state_order"`
			}
			c.JSON(t, "manifest.json", &want)
			if c.Net.NumParams() != want.N {
				t.Errorf("%d parameters, PyTorch has %d", c.Net.NumParams(), want.N)
			}
			var params, state, buffers []entry
			for _, p := range c.Net.Params() {
				params = append(params, entry{p.Name, p.Shape})
			}
			for _, p := range c.Net.State() {
				state = append(state, entry{p.Name, p.Shape})
			}
			for _, e := range want.State {
				if strings.Contains(e.Name, ".running_") {
					buffers = append(buffers, e)
				}
			}
			if d := cmp.Diff(want.Params, params); d != "" {
				t.Errorf("parameters (-PyTorch +ours):\n%s", d)
			}
			if d := cmp.Diff(buffers, state); d != "" {
				t.Errorf("buffers (-PyTorch +ours):\n%s", d)
			}
		})
	}
}

// TestSizesOfBuiltInNetworks pins the numbers of parameters and multiply-adds.
// Those of the residual networks follow from He et al. 2016, section 4.2:
// n = (depth−2)/6 blocks a stage, stages of 1024, 256 and 64 pixels; a wide one
// has k times the filters (Zagoruyko and Komodakis 2016, table 1). That of
// DenseNet-121 is what PyTorch counts for the authors' densenet.py; the formula
// for it follows Huang et al. 2017, section 3.
func TestSizesOfBuiltInNetworks(t *testing.T) {
	residual := func(n, k int, shortcuts bool) (params int, macs int64) {
		conv := func(in, out, size, pixels int) {
			params += in * out * size * size
			macs += int64(in * out * size * size * pixels)
		}
		bn := func(channels int) { params += 2 * channels }
		conv(3, 16*k, 3, 1024)
		bn(16 * k)
		in, pixels := 16*k, 1024
		for _, out := range []int{16 * k, 32 * k, 64 * k} {
			for block := range n {
				if block == 0 && out > 16*k {
					pixels /= 4
					if shortcuts {
						conv(in, out, 1, pixels)
						bn(out)
					}
				}
				conv(in, out, 3, pixels)
				bn(out)
				conv(out, out, 3, pixels)
				bn(out)
				in = out
			}
		}
		return params + 640*k + 10, macs + int64(640*k)
	}
	for name, size := range map[string]struct{ blocks, width int }{
		"resnet20": {3, 1}, "resnet32": {5, 1}, "resnet44": {7, 1}, "resnet56": {9, 1}, "resnet110": {18, 1}, "wrn56-2": {9, 2}, "wrn56-4": {9, 4}, "wrn56-8": {9, 8},
	} {
		for _, suffix := range []string{"", "-noshort"} {
			net := byName(t, name+suffix)
			params, macs := residual(size.blocks, size.width, suffix == "")
			if net.NumParams() != params || net.MACs() != macs || net.Problem.Outputs != 10 {
				t.Errorf("%s: %d parameters, %d multiply-adds, %d classes; want %d, %d, 10", net.Name, net.NumParams(), net.MACs(), net.Problem.Outputs, params, macs)
			}
		}
	}
	// Convolutions with biases, scales and shifts behind all but the last layer, 4096→256→10 at the end.
	vgg9 := 9*(3*64+64*64+64*128+128*128+128*256+2*256*256) + 3*(2*64+2*128+3*256) + 4096*256 + 3*256 + 2570
	if n := byName(t, "vgg9").NumParams(); n != vgg9 {
		t.Errorf("vgg9 has %d parameters, want %d", n, vgg9)
	}
	dense, channels := 3*64*9, 64
	for block, layers := range []int{6, 12, 24, 16} {
		for range layers {
			dense += 2*channels + channels*128 + 2*128 + 128*32*9
			channels += 32
		}
		dense += 2 * channels
		if block < 3 {
			dense += channels * channels / 2
			channels /= 2
		}
	}
	dense += channels*10 + 10
	if n := byName(t, "densenet121").NumParams(); n != dense || n != 6_956_298 {
		t.Errorf("densenet121 has %d parameters, by the formula %d, PyTorch counts 6,956,298", n, dense)
	}
	if n := byName(t, "small").NumParams(); n < 10_000 || n > 30_000 {
		t.Errorf("small has %d parameters; it is meant to have 10,000 to 30,000", n)
	}
}

func byName(t *testing.T, name string) *nets.Net {
	t.Helper()
	net, err := nets.ByName(name, shared.Problem)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func TestUnknownNameNamesTheKnown(t *testing.T) {
	_, err := nets.ByName("resnet21", shared.Problem)
	if err == nil {
		t.Fatal("there is a resnet21")
	}
	for _, n := range nets.Names() {
		if !strings.Contains(err.Error(), n) {
			t.Errorf("%q doesn't name %s", err, n)
		}
	}
}

// TestTablesAreContiguous checks of every built-in network that its tables
// cover the flat vectors without gap or overlap.
func TestTablesAreContiguous(t *testing.T) {
	for _, name := range nets.Names() {
		net := byName(t, name)
		for _, part := range []struct {
			table []nets.Param
			total int
		}{{net.Params(), net.NumParams()}, {net.State(), net.NumState()}} {
			at := 0
			for _, p := range part.table {
				size := 1
				for _, n := range p.Shape {
					size *= n
				}
				if p.Offset != at || p.Size != size {
					t.Fatalf("%s: %s lies at %d with %d elements, want %d with %d", name, p.Name, p.Offset, p.Size, at, size)
				}
				at += size
			}
			if at != part.total {
				t.Errorf("%s: the table covers %d of %d", name, at, part.total)
			}
		}
	}
}

// TestInit checks the distributions: convolutions normal with
// variance 2/fan-in, linear layers with deviation 0.001, the rest constant.
// A sample deviation of n numbers is within 5/√(2n) of the true one but for one in a million.
func TestInit(t *testing.T) {
	net := byName(t, "vgg9")
	theta, state := net.Init(3)
	for _, p := range net.Params() {
		v := p.Of(theta)
		switch p.Role {
		case nets.Conv, nets.Linear:
			want := 0.001
			if p.Role == nets.Conv {
				want = math.Sqrt(2 / float64(p.Shape[1]*p.Shape[2]*p.Shape[3]))
			}
			sum, square := 0.0, 0.0
			for _, x := range v {
				sum += float64(x)
				square += float64(x) * float64(x)
			}
			n := float64(p.Size)
			if got := math.Sqrt(square / n); math.Abs(got/want-1) > 5/math.Sqrt(2*n) {
				t.Errorf("%s has the deviation %g, want %g", p.Name, got, want)
			}
			if mean := sum / n; math.Abs(mean) > 5*want/math.Sqrt(n) {
				t.Errorf("%s has the mean %g", p.Name, mean)
			}
		default:
			for _, x := range v {
				if want := map[nets.Role]float32{nets.Bias: 0, nets.BNScale: 1, nets.BNShift: 0}[p.Role]; x != want {
					t.Fatalf("%s starts at %g, want %g", p.Name, x, want)
				}
			}
		}
	}
	for _, p := range net.State() {
		for _, x := range p.Of(state) {
			if want := map[nets.Role]float32{nets.RunningMean: 0, nets.RunningVar: 1}[p.Role]; x != want {
				t.Fatalf("%s starts at %g, want %g", p.Name, x, want)
			}
		}
	}
}

// TestInitDependsOnSeedAndNameOnly checks that equal seeds give equal weights,
// other seeds others, and that a layer's weights are the same in every network that has it.
func TestInitDependsOnSeedAndNameOnly(t *testing.T) {
	net, other := byName(t, "resnet20"), byName(t, "resnet20-noshort")
	a, _ := net.Init(1)
	again, _ := net.Init(1)
	if !cmp.Equal(a, again) {
		t.Error("two initialisations with one seed differ")
	}
	b, _ := net.Init(2)
	if cmp.Equal(a, b) {
		t.Error("initialisations with two seeds are equal")
	}
	o, _ := other.Init(1)
	find := func(n *nets.Net, theta []float32, name string) []float32 {
		for _, p := range n.Params() {
			if p.Name == name {
				return p.Of(theta)
			}
		}
		t.Fatalf("%s has no %s", n.Name, name)
		return nil
	}
	const name = "layer2.1.conv2.weight"
	if !cmp.Equal(find(net, a, name), find(other, o, name)) {
		t.Errorf("%s differs between networks", name)
	}
}

func TestEncodeDecode(t *testing.T) {
	net := byName(t, "small")
	theta, state := net.Init(1)
	meta := map[string]string{"net": "small", "a": "b"}
	file, err := net.Encode(theta, state, meta)
	if err != nil {
		t.Fatal(err)
	}
	again, err := net.Encode(theta, state, meta)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(file, again) {
		t.Error("encoding twice gives different bytes")
	}
	gotTheta, gotState, err := net.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(theta, gotTheta) || !cmp.Equal(state, gotState) {
		t.Error("decoding gives other numbers than were encoded")
	}
	if _, err := net.Encode(theta[1:], state, nil); err == nil {
		t.Error("a vector that is too short was encoded")
	}
	_, _, err = byName(t, "resnet20").Decode(file)
	if err == nil {
		t.Fatal("weights of small were read as those of resnet20")
	}
	for _, word := range []string{"resnet20", "missing", "more"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q doesn't say %q", err, word)
		}
	}
}

// TestImpossibleNetworks checks that wrong lists of layers are explained.
func TestImpossibleNetworks(t *testing.T) {
	conv := func(name string, k int) nets.Layer {
		return nets.Convolution{Name: name, Out: 4, Kernel: k, Stride: 1}
	}
	for _, c := range []struct {
		name   string
		layers []nets.Layer
		says   []string
	}{
		{"large kernel", []nets.Layer{conv("a", 33)}, []string{"layer 1", `"a"`, "33", "32×32"}},
		{"no stride", []nets.Layer{nets.Convolution{Name: "a", Out: 4, Kernel: 3}}, []string{"stride 0", "at least 1"}},
		{"no filters", []nets.Layer{nets.Convolution{Name: "a", Kernel: 3, Stride: 1}}, []string{"a.weight", "at least 1"}},
		{"one name twice", []nets.Layer{conv("a", 3), conv("a", 3)}, []string{"layer 2", "a.weight"}},
		{"no flatten", []nets.Layer{nets.FullyConnected{Name: "fc", Out: 10}}, []string{`"fc"`, "flatten"}},
		{"conv after flatten", []nets.Layer{nets.Flatten{}, conv("a", 3)}, []string{"layer 2", "flatten"}},
		{"ends with an image", []nets.Layer{conv("a", 3)}, []string{"30×30×4", "linear"}},
		{"shapes of a residual", []nets.Layer{nets.Residual{Body: []nets.Layer{conv("a", 3)}}}, []string{"30×30×4", "32×32×3", "shortcut"}},
		{"shapes of a dense block", []nets.Layer{nets.Dense{Body: []nets.Layer{conv("a", 3)}}}, []string{"30×30×4", "32×32×3", "stride"}},
		{"pool after flatten", []nets.Layer{nets.Flatten{}, nets.AvgPool{}}, []string{"layer 2", "average-pool"}},
		{"missing layer", []nets.Layer{nil}, []string{"layer 1"}},
		{"too few outputs", []nets.Layer{nets.Flatten{}, nets.FullyConnected{Name: "fc", Out: 9}}, []string{"layer 2", "9 features", "10 outputs", "{linear: 10}"}},
		{"nothing", nil, []string{"ends with an image"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := nets.New("x", c.layers, shared.Problem)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q doesn't say %q", err, s)
				}
			}
		})
	}
}

// TestBuiltInNetworksForOtherProblems: built-in networks are built for images of any
// size that is large enough and any number of outputs, and say what they take otherwise.
func TestBuiltInNetworksForOtherProblems(t *testing.T) {
	p := problem.Problem{Shape: []int{9, 12, 1}, Type: problem.Float32, Outputs: 3, Loss: problem.MeanSquaredError}
	for _, name := range nets.Names() {
		net, err := nets.ByName(name, p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		params := net.Params()
		if last := params[len(params)-1]; last.Size != 3 || params[0].Shape[1] != 1 || net.Memory(1).Evaluate <= 0 {
			t.Errorf("%s: first tensor %v, last %v", name, params[0], last)
		}
		if net.Signature() == byName(t, name).Signature() {
			t.Errorf("%s: two problems have one signature", name)
		}
	}
	for name, shape := range map[string][]int{"vgg9": {7, 32, 3}, "densenet121": {4, 4, 3}, "small": {64}, "resnet20": {2, 8, 8, 3}} {
		p.Shape = shape
		_, err := nets.ByName(name, p)
		if err == nil || !strings.Contains(err.Error(), "takes images of at least") || !strings.Contains(err.Error(), fmt.Sprint(shape)) {
			t.Errorf("%s for examples of %v: %v", name, shape, err)
		}
	}
	p.Shape = []int{2, 3, 4, 5}
	if _, err := nets.New("x", nil, p); err == nil || !strings.Contains(err.Error(), "[height, width, channels] or [channels, height, width], or vectors, [features]") {
		t.Errorf("examples of four axes: %v", err)
	}
	p.Shape = []int{7}
	if net, err := nets.New("x", []nets.Layer{nets.FullyConnected{Name: "fc", Out: 3}}, p); err != nil || net.NumParams() != 24 {
		t.Errorf("a linear layer for vectors: %v", err)
	}
}
