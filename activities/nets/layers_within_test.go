package nets_test

import (
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/nets"
)

// TestWithin: a pattern names parameters, or modules with all that is below them.
func TestWithin(t *testing.T) {
	var table []nets.Param
	for _, name := range []string{"conv1.weight", "layer1.0.conv1.weight", "layer1.0.bn1.weight", "layer10.0.conv1.weight", "fc.weight", "fc.bias"} {
		table = append(table, nets.Param{Name: name})
	}
	for layers, want := range map[string]string{
		"":   "conv1.weight layer1.0.conv1.weight layer1.0.bn1.weight layer10.0.conv1.weight fc.weight fc.bias",
		"fc": "fc.weight fc.bias", "fc.weight": "fc.weight", "layer1": "layer1.0.conv1.weight layer1.0.bn1.weight",
		"layer1.*": "layer1.0.conv1.weight layer1.0.bn1.weight", "*.conv1,fc.bias": "layer1.0.conv1.weight layer10.0.conv1.weight fc.bias",
	} {
		within, err := nets.Within(table, layers)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range within {
			got = append(got, p.Name)
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%q: %v, want %s", layers, got, want)
		}
	}
	if _, err := nets.Within(table, "fc,layer2"); err == nil || !strings.Contains(err.Error(), `layers "layer2"; there are conv1, layer1.0.conv1`) {
		t.Errorf("the error is %v", err)
	}
}
