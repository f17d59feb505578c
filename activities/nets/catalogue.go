package nets

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/problem"
)

// builtIn is a network that is built for a problem by its name.
type builtIn struct {
	name string
	// side is the least height and width of the images that it takes.
	side   int
	layers func(outputs int) []Layer
}

// catalogue lists the built-in networks in the order in which messages show them.
var catalogue = slices.Concat(
	[]builtIn{{"small", 1, small}},
	resNets("resnet20", 20, 1), resNets("resnet56", 56, 1), resNets("resnet110", 110, 1),
	resNets("wrn56-2", 56, 2), resNets("wrn56-4", 56, 4), resNets("wrn56-8", 56, 8),
	[]builtIn{
		{"vgg9", 8, func(outputs int) []Layer { return VGG9(outputs, 64, 128, 256, 256) }},
		{"densenet121", 8, func(outputs int) []Layer { return DenseNet(outputs, 32, 6, 12, 24, 16) }},
	},
)

// resNets are a residual network and the same without shortcuts.
func resNets(name string, depth, width int) []builtIn {
	with := func(shortcuts bool) func(int) []Layer {
		return func(outputs int) []Layer { return resNet(outputs, depth, width, shortcuts) }
	}
	return []builtIn{{name, 1, with(true)}, {name + "-noshort", 1, with(false)}}
}

// Names are the names of the built-in networks.
func Names() []string {
	names := make([]string, len(catalogue))
	for i, c := range catalogue {
		names[i] = c.name
	}
	return names
}

// ByName builds a built-in network for a problem.
func ByName(name string, p problem.Problem) (*Net, error) {
	for _, c := range catalogue {
		if c.name != name {
			continue
		}
		if !p.IsImage() || smallestSide(p) < c.side {
			return nil, fmt.Errorf("the network %s takes images of at least %d×%d pixels, [height, width, channels], and the examples have the shape %v: choose another network, or write one out under `networks`", name, c.side, c.side, p.Shape)
		}
		return New(name, c.layers(p.Outputs), p)
	}
	return nil, fmt.Errorf("there is no network called %q: choose one of %s", name, strings.Join(Names(), ", "))
}

func smallestSide(images problem.Problem) int {
	height, width, _ := images.Image()
	return min(height, width)
}

// Of returns the built-in network of a name, or the one whose layers are written out as JSON, under the given name, built
// for a problem.
func Of(spec, name string, p problem.Problem) (*Net, error) {
	if !strings.HasPrefix(spec, "[") {
		return ByName(spec, p)
	}
	layers, err := Parse([]byte(spec))
	if err != nil {
		return nil, err
	}
	return New(name, layers, p)
}

// conv3 is the 3×3 convolution with padding 1 that most networks here are made of.
func conv3(name string, out, stride int) Layer {
	return Convolution{Name: name, Out: out, Kernel: 3, Stride: stride, Padding: 1}
}

// head ends a network: global average pool and a linear layer.
func head(outputs int) []Layer {
	return []Layer{AvgPool{}, Flatten{}, FullyConnected{Name: "linear", Out: outputs}}
}

// block is the basic residual block: two 3×3 convolutions with batch
// normalisation, and a shortcut from its input to its output, which is a
// strided 1×1 convolution with batch normalisation where the shape changes.
func block(name string, in, out, stride int, shortcuts bool) []Layer {
	body := []Layer{
		conv3(name+".conv1", out, stride), BatchNorm{Name: name + ".bn1"}, ReLU{},
		conv3(name+".conv2", out, 1), BatchNorm{Name: name + ".bn2"},
	}
	if !shortcuts {
		return append(body, ReLU{})
	}
	var shortcut []Layer
	if stride != 1 || in != out {
		shortcut = []Layer{
			Convolution{Name: name + ".shortcut.0", Out: out, Kernel: 1, Stride: stride},
			BatchNorm{Name: name + ".shortcut.1"},
		}
	}
	return []Layer{Residual{Body: body, Shortcut: shortcut}, ReLU{}}
}

// resNet is the residual network for CIFAR-10 of the given depth 6n+2: a stem
// and three stages of n blocks with 16, 32 and 64 filters (He et al. 2016,
// section 4.2), with or without its shortcuts (Li et al. 2018, section 5). A
// wide one has width times as many filters everywhere, in the stem as well.
func resNet(outputs, depth, width int, shortcuts bool) []Layer {
	in := 16 * width
	layers := []Layer{conv3("conv1", in, 1), BatchNorm{Name: "bn1"}, ReLU{}}
	for stage, out := range []int{16 * width, 32 * width, 64 * width} {
		for i := range (depth - 2) / 6 {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			layers = append(layers, block(fmt.Sprintf("layer%d.%d", stage+1, i), in, out, stride, shortcuts)...)
			in = out
		}
	}
	return append(layers, head(outputs)...)
}

// small is a residual network of eight layers on a strided stem. It costs a
// twentieth of ResNet-20 and exists for first runs and tests.
func small(outputs int) []Layer {
	layers := []Layer{conv3("conv1", 16, 2), BatchNorm{Name: "bn1"}, ReLU{}}
	layers = append(layers, block("layer1.0", 16, 16, 1, true)...)
	layers = append(layers, block("layer2.0", 16, 32, 2, true)...)
	return append(layers, head(outputs)...)
}

// VGG9 is the paper's VGG-9 with a, b and c filters in its three stages of
// two, two and three convolutions, each stage followed by a 2×2 max-pool, and
// hidden units in the first of its two linear layers. The paper's own has 64,
// 128, 256 and 256. Convolutions have biases although a batch normalisation
// follows, as in the authors' code.
func VGG9(outputs, a, b, c, hidden int) []Layer {
	var layers []Layer
	index := 0 // position in PyTorch's nn.Sequential "features", which names the layers
	for _, stage := range [][]int{{a, a}, {b, b}, {c, c, c}} {
		for _, out := range stage {
			layers = append(layers,
				Convolution{Name: fmt.Sprintf("features.%d", index), Out: out, Kernel: 3, Stride: 1, Padding: 1, Bias: true},
				BatchNorm{Name: fmt.Sprintf("features.%d", index+1)}, ReLU{})
			index += 3
		}
		layers = append(layers, MaxPool{Kernel: 2, Stride: 2})
		index++
	}
	return append(layers, Flatten{},
		FullyConnected{Name: "fc.0", Out: hidden}, BatchNorm{Name: "fc.1"}, ReLU{},
		FullyConnected{Name: "classifier", Out: outputs})
}
