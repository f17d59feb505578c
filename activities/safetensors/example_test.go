package safetensors_test

import (
	"fmt"

	"lossatlas/activities/safetensors"
)

// Weights for PyTorch, with metadata.
func ExampleEncode() {
	file, err := safetensors.Encode([]safetensors.Tensor{{Name: "fc.bias", Shape: []int{2}, Data: []float32{1, -1}}}, map[string]string{"net": "mine"})
	if err != nil {
		fmt.Println(err)
		return
	}
	tensors, metadata, err := safetensors.Decode(file)
	fmt.Println(tensors[0].Name, tensors[0].Data, metadata["net"], err)
	// Output:
	// fc.bias [1 -1] mine <nil>
}
