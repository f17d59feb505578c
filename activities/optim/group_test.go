package optim

import (
	"testing"

	"github.com/gomlx/compute/dtypes"

	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
)

// TestLargeGroupCompiles: the gradient of a group of 512 images, twice the
// largest that a sweep has by default, compiles for the network with the most numbers in a
// layer. The plugin ends the process when a sum has too many parts.
func TestLargeGroupCompiles(t *testing.T) {
	b := open(t, "xla")
	net, err := nets.ByName("vgg9", shared.Problem)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compileGradient(b, net, 512, dtypes.Float32); err != nil {
		t.Error(err)
	}
}
