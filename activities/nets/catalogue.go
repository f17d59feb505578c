package nets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/problem"
)

// builtIn is a network that is built for a problem by its name.
type builtIn struct {
	name string
	// side is the least height and width of the images that it takes.
	side int
	// width is how many filters its first layers have; the others are in proportion. Of a DenseNet it is the growth.
	width int
	build func(outputs int, v variant) []Layer
	// pads says that its shortcuts can be without parameters.
	pads bool
}

// variant has the choices of a built-in network.
type variant struct {
	width int
	pad   bool // shortcuts take every other pixel and add channels of zeros (He et al. 2016, option A)
}

// layers are the network's own layers.
func (c builtIn) layers(outputs int) []Layer { return c.build(outputs, variant{width: c.width}) }

// catalogue lists the built-in networks in the order in which messages show them.
var catalogue = slices.Concat(
	[]builtIn{{"small", 1, 16, small, true}},
	resNets("resnet20", 20, 16), resNets("resnet32", 32, 16), resNets("resnet44", 44, 16), resNets("resnet56", 56, 16), resNets("resnet110", 110, 16),
	resNets("wrn56-2", 56, 32), resNets("wrn56-4", 56, 64), resNets("wrn56-8", 56, 128),
	[]builtIn{
		{"vgg9", 8, 64, func(outputs int, v variant) []Layer { return VGG9(outputs, v.width, 2*v.width, 4*v.width, 4*v.width) }, false},
		{"densenet121", 8, 32, func(outputs int, v variant) []Layer { return DenseNet(outputs, v.width, 6, 12, 24, 16) }, false},
	},
)

// resNets are a residual network and the same without shortcuts.
func resNets(name string, depth, width int) []builtIn {
	with := func(outputs int, v variant) []Layer {
		return resNet(outputs, depth, v.width, shortcutOf(v))
	}
	without := func(outputs int, v variant) []Layer { return resNet(outputs, depth, v.width, noShortcut) }
	return []builtIn{{name, 1, width, with, true}, {name + "-noshort", 1, width, without, false}}
}

// Names are the names of the built-in networks.
func Names() []string {
	names := make([]string, len(catalogue))
	for i, c := range catalogue {
		names[i] = c.name
	}
	return names
}

// ByName builds a built-in network for a problem. After its name and a colon, parameters may follow: resnet56:width=8, of
// half as many filters in every layer, resnet56:shortcut=pad, or both, divided by a comma.
func ByName(name string, p problem.Problem) (*Net, error) {
	base, parameters, given := strings.Cut(name, ":")
	i := slices.IndexFunc(catalogue, func(c builtIn) bool { return c.name == base })
	if i < 0 {
		return nil, fmt.Errorf("there is no network called %q: choose one of %s", base, strings.Join(Names(), ", "))
	}
	c, v := catalogue[i], variant{width: catalogue[i].width}
	if given {
		if err := c.parse(parameters, &v); err != nil {
			return nil, err
		}
	}
	if !p.IsImage() || smallestSide(p) < c.side {
		return nil, fmt.Errorf("the network %s takes images of at least %d×%d pixels, [height, width, channels], and the examples have the shape %v: choose another network, or write one out under `networks`", name, c.side, c.side, p.Shape)
	}
	return New(name, c.build(p.Outputs, v), p)
}

// maxWidth is far above the widest network that is trained here.
const maxWidth = 1024

// parse reads the parameters of a variant: width=8,shortcut=pad.
func (c builtIn) parse(parameters string, v *variant) (err error) {
	for _, one := range strings.Split(parameters, ",") {
		switch key, value, _ := strings.Cut(one, "="); {
		case key == "width":
			if v.width, err = strconv.Atoi(value); err != nil || v.width < 1 || v.width > maxWidth {
				return fmt.Errorf("network %s: width is %q: it is the number of filters of the first layers, from 1 to %d (%d unless given)", c.name, value, maxWidth, c.width)
			}
		case key == "shortcut" && c.pads && (value == "conv" || value == "pad"):
			v.pad = value == "pad"
		case key == "shortcut" && c.pads:
			return fmt.Errorf("network %s: shortcut is %q: choose conv or pad", c.name, value)
		case c.pads:
			return fmt.Errorf("network %s has no parameter %q: it has width and shortcut", c.name, key)
		default:
			return fmt.Errorf("network %s has no parameter %q: it has width", c.name, key)
		}
	}
	return nil
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

// shortcutKind is what leads around the body of a residual block.
type shortcutKind int

const (
	noShortcut shortcutKind = iota
	convShortcut
	zeroShortcut // option A, Residual.Pad
)

func shortcutOf(v variant) shortcutKind {
	if v.pad {
		return zeroShortcut
	}
	return convShortcut
}

// block is the basic residual block: two 3×3 convolutions with batch
// normalisation, and a shortcut from its input to its output, which is a
// strided 1×1 convolution with batch normalisation where the shape changes.
func block(name string, in, out, stride int, kind shortcutKind) []Layer {
	body := []Layer{
		conv3(name+".conv1", out, stride), BatchNorm{Name: name + ".bn1"}, ReLU{},
		conv3(name+".conv2", out, 1), BatchNorm{Name: name + ".bn2"},
	}
	changes := stride != 1 || in != out
	if kind == noShortcut {
		return append(body, ReLU{})
	}
	var shortcut []Layer
	if changes && kind == convShortcut {
		shortcut = []Layer{
			Convolution{Name: name + ".shortcut.0", Out: out, Kernel: 1, Stride: stride},
			BatchNorm{Name: name + ".shortcut.1"},
		}
	}
	return []Layer{Residual{Body: body, Shortcut: shortcut, Pad: changes && kind == zeroShortcut}, ReLU{}}
}

// resNet is the residual network for CIFAR-10 of the given depth 6n+2: a stem
// and three stages of n blocks with width, 2·width and 4·width filters, 16, 32 and
// 64 in the paper (He et al. 2016, section 4.2), with or without its shortcuts (Li
// et al. 2018, section 5). A wide one has more filters everywhere, in the stem as well.
func resNet(outputs, depth, width int, kind shortcutKind) []Layer {
	in := width
	layers := []Layer{conv3("conv1", in, 1), BatchNorm{Name: "bn1"}, ReLU{}}
	for stage, out := range []int{width, 2 * width, 4 * width} {
		for i := range (depth - 2) / 6 {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			layers = append(layers, block(fmt.Sprintf("layer%d.%d", stage+1, i), in, out, stride, kind)...)
			in = out
		}
	}
	return append(layers, head(outputs)...)
}

// small is a residual network of eight layers on a strided stem. It costs a
// twentieth of ResNet-20 and exists for first runs and tests.
func small(outputs int, v variant) []Layer {
	layers := []Layer{conv3("conv1", v.width, 2), BatchNorm{Name: "bn1"}, ReLU{}}
	layers = append(layers, block("layer1.0", v.width, v.width, 1, shortcutOf(v))...)
	layers = append(layers, block("layer2.0", v.width, 2*v.width, 2, shortcutOf(v))...)
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
