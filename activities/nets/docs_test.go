package nets

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/problem"
	"lossatlas/deploy/docs"
)

// TestNetworksPageIsCurrent holds the table of built-in networks in activities/README.md.
func TestNetworksPageIsCurrent(t *testing.T) {
	images := problem.Problem{Shape: []int{32, 32, 3}, Type: problem.Uint8, Outputs: 10, Loss: problem.CrossEntropy}
	var b strings.Builder
	b.WriteString("| network | weight tensors of convolutions and linear layers | parameters | multiply-adds | `width` | `shortcut` | smallest image |\n|---|---|---|---|---|---|---|\n")
	for _, c := range catalogue {
		n, err := ByName(c.name, images)
		if err != nil {
			t.Fatal(err)
		}
		weights := 0
		for _, p := range n.Params() {
			if slices.Contains([]Role{Conv, Linear}, p.Role) {
				weights++
			}
		}
		shortcut := ""
		if c.pads {
			shortcut = "`conv`, `pad`"
		}
		fmt.Fprintf(&b, "| `%s` | %d | %d | %.1f M | %d | %s | %d×%d |\n", c.name, weights, n.NumParams(), float64(n.MACs())/1e6, c.width, shortcut, c.side, c.side)
	}
	docs.Section(t, "../README.md", "networks", b.String())
}
