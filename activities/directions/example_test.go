package directions_test

import (
	"fmt"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// A random direction gets, filter by filter, the norm of the weights: the landscapes of networks of any scale can be compared.
func ExampleNormalize() {
	net, err := nets.New("linear", []nets.Layer{nets.FullyConnected{Name: "fc", Out: 2}},
		problem.Problem{Shape: []int{3}, Type: problem.Float32, Outputs: 2, Loss: problem.CrossEntropy})
	if err != nil {
		fmt.Println(err)
		return
	}
	theta := []float32{3, 0, 4 /* first row */, 0, 0.5, 0 /* second row */, 1, 1 /* biases */}
	d := directions.Sample(net.Params(), 1, 0)
	if err := directions.Normalize(net.Params(), d, theta, directions.Filter, directions.BiasBN); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("rows %.2f and %.2f, biases %v\n", directions.Norm(d[:3]), directions.Norm(d[3:6]), d[6:])
	// Output:
	// rows 5.00 and 0.50, biases [0 0]
}
