package data_test

import (
	"fmt"

	"lossatlas/activities/data"
)

// shapes10 needs no file: an example is a function of its index.
func ExampleOpen() {
	source, err := data.Open(data.Shapes10, data.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	split, err := source.Load(data.Train, 0, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(split.Problem.Shape, len(split.Classes), len(split.Examples))
	_, err = source.Load(data.Test, 0, 10_001)
	fmt.Println(err)
	// Output:
	// [32 32 3] 4 12288
	// shapes10: test[0:10001] was asked for, but the test split has 10000 images (drawn by the program): set dataset.test to at most 10000 and keep ranges inside it
}
