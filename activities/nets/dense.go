package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// Dense puts Body's output channels in front of the channels of
// the input itself (Huang et al. 2017, equation 2). Body keeps height and width.
type Dense struct {
	Body []Layer
}

func (l Dense) plan(p *planner, in Shape) (op, Shape, error) {
	body, out, err := p.part("dense", "body", l.Body, in)
	if err != nil {
		return nil, Shape{}, err
	}
	if out.Flat != in.Flat || out.Length != in.Length || out.Height != in.Height || out.Width != in.Width {
		return nil, Shape{}, fmt.Errorf("dense block: the body gives %v for an input of %v: only the number of channels may change, so use strides of 1 and a padding that keeps the size", out, in)
	}
	out.Channels += in.Channels
	return func(p *pass, x *graph.Node) *graph.Node {
		return graph.Concatenate([]*graph.Node{body.forward(p, x), x}, -1)
	}, out, nil
}

// bottleneck is one layer of a dense block: a 1×1 convolution to 4·growth
// channels and a 3×3 one to growth, each behind a batch normalisation and a ReLU.
func bottleneck(name string, growth int) Layer {
	return Dense{Body: []Layer{
		BatchNorm{Name: name + ".bn1"}, ReLU{}, Convolution{Name: name + ".conv1", Out: 4 * growth, Kernel: 1, Stride: 1},
		BatchNorm{Name: name + ".bn2"}, ReLU{}, conv3(name+".conv2", growth, 1),
	}}
}

// DenseNet is the densely connected network for CIFAR-10 (Huang et al. 2017,
// DenseNet-BC) as Li et al. 2018 use it: a 3×3 stem of 2·growth filters, blocks
// of the given numbers of bottlenecks, and between two blocks a transition that
// halves the channels and, by average pooling, the image. Its names are those
// of the authors' code: dense1.0.bn1, trans1.conv, bn, linear.
func DenseNet(outputs, growth int, blocks ...int) []Layer {
	channels := 2 * growth
	layers := []Layer{conv3("conv1", channels, 1)}
	for i, n := range blocks {
		for j := range n {
			layers = append(layers, bottleneck(fmt.Sprintf("dense%d.%d", i+1, j), growth))
		}
		channels += n * growth
		if i == len(blocks)-1 {
			break
		}
		channels /= 2
		name := fmt.Sprintf("trans%d", i+1)
		layers = append(layers, BatchNorm{Name: name + ".bn"}, ReLU{},
			Convolution{Name: name + ".conv", Out: channels, Kernel: 1, Stride: 1}, AvgPool{Kernel: 2, Stride: 2})
	}
	layers = append(layers, BatchNorm{Name: "bn"}, ReLU{})
	return append(layers, head(outputs)...)
}
