package show

import (
	"strings"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestDescribeWrittenNetwork: steps name a written-out network, and its layers are shown once, as in a sweep file.
func TestDescribeWrittenNetwork(t *testing.T) {
	params := []byte(`{"net":[{"kind":"conv","name":"0","out":4,"kernel":3,"stride":1,"padding":1},{"kind":"relu"}],"seed":7,"x":{"min":-1,"max":1,"n":5}}`)
	network := pipelines.Network(`[{"kind":"conv","name":"0","out":4,"kernel":3,"stride":1,"padding":1},{"kind":"relu"}]`).String()
	if got, want := strings.Join(describe("line", params), "  "), "train.net="+network+"  range=[-1, 1]  seed=7  points=5"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	seen := drawn{map[artifacts.Key]bool{}, map[pipelines.Network]bool{}}
	if first, again := seen.layers(params), seen.layers(params); first != network+": [{conv: 4}, relu]" || again != "" {
		t.Errorf("%q, then %q", first, again)
	}
	if got := seen.layers([]byte(`{"net":"vgg9"}`)); got != "" {
		t.Errorf("of a built-in network: %q", got)
	}
}
