package npz_test

import (
	"fmt"

	"lossatlas/activities/npz"
)

// An archive as numpy.savez writes it, and numpy.load reads it. The limit bounds the memory that a file may take.
func ExampleEncode() {
	file, err := npz.Encode([]npz.Array{{Name: "loss", Shape: []int{2, 2}, Data: []float64{0.1, 0.2, 0.3, 0.4}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	arrays, err := npz.Decode(file, 1<<20)
	fmt.Println(arrays[0].Name, arrays[0].Shape, arrays[0].Data, err)
	// Output:
	// loss [2 2] [0.1 0.2 0.3 0.4] <nil>
}
