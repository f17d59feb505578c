package nets_test

import (
	"fmt"

	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// photographs are color images of 32×32 pixels in ten classes.
var photographs = problem.Problem{Shape: []int{32, 32, 3}, Type: problem.Uint8, Outputs: 10, Loss: problem.CrossEntropy}

// A network is a list of layers, built for a problem, which gives the shapes at both ends.
func ExampleNew() {
	net, err := nets.New("mine", []nets.Layer{
		nets.Convolution{Name: "stem", Out: 16, Kernel: 3, Stride: 2, Padding: 1},
		nets.BatchNorm{Name: "norm"}, nets.ReLU{},
		nets.AvgPool{}, nets.Flatten{},
		nets.FullyConnected{Name: "fc", Out: 10},
	}, photographs)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range net.Params() {
		fmt.Println(p.Name, p.Shape)
	}
	// Output:
	// stem.weight [16 3 3 3]
	// norm.weight [16]
	// norm.bias [16]
	// fc.weight [10 16]
	// fc.bias [10]
}

// Parameters of a built-in network follow its name. Half the width has about a quarter of the parameters.
func ExampleByName() {
	for _, name := range []string{"resnet20", "resnet20:width=8", "resnet20:shortcut=pad"} {
		net, err := nets.ByName(name, photographs)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(name, net.NumParams())
	}
	// Output:
	// resnet20 272474
	// resnet20:width=8 68786
	// resnet20:shortcut=pad 269722
}

// Initial weights are a function of the seed, and every tensor has its own random numbers.
func ExampleNet_Init() {
	net, err := nets.ByName("small", photographs)
	if err != nil {
		fmt.Println(err)
		return
	}
	a, _ := net.Init(1)
	b, _ := net.Init(1)
	fmt.Println(len(a), a[0] == b[0])
	// Output:
	// 19994 true
}
