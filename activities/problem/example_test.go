package problem_test

import (
	"fmt"

	"lossatlas/activities/problem"
)

// A Problem has the inputs and outputs of networks. Check rejects impossible ones and names the allowed values.
func ExampleProblem_Check() {
	p := problem.Problem{Shape: []int{28, 28, 1}, Type: problem.Uint8, Outputs: 10, Loss: problem.CrossEntropy}
	height, width, channels := p.Image()
	fmt.Println(height, width, channels, p.ScoreName(), p.Check())
	p.Loss = "cross-entorpy"
	fmt.Println(p.Check())
	// Output:
	// 28 28 1 accuracy <nil>
	// problem: there is no loss "cross-entorpy": choose one of binary-cross-entropy, cross-entropy, hinge, huber, l1, mse, one-hot-mse, program
}
