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

// TestDifferencesOfAxes: differences of two surfaces say which axis they are of, or are told once for both.
func TestDifferencesOfAxes(t *testing.T) {
	a, b := artifacts.Key{1}, artifacts.Key{2}
	x := explained{A: &artifacts.History{Steps: map[artifacts.Key]*artifacts.HistoricStep{a: {Kind: "surface"}}}}
	for _, d := range [][3]string{{"x.max", "1", "2"}, {"y.max", "1", "3"}, {"x.n", "9", "17"}, {"y.n", "9", "17"}} {
		x.Differences = append(x.Differences, artifacts.Difference{A: a, B: b, What: artifacts.What{Aspect: artifacts.AspectParameter, Name: d[0]}, ValueA: d[1], ValueB: d[2]})
	}
	var got []string
	for _, d := range x.Differences {
		if text, isTold := aspectOf(x, d); isTold {
			got = append(got, text)
		}
	}
	if want := "parameter range (last value) of x; parameter range (last value) of y; parameter resolution"; strings.Join(got, "; ") != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := strings.Join(describe("surface", []byte(`{"fit":{"x":true,"y":true,"margin":0},"x":{"min":0,"max":0,"n":5},"y":{"min":0,"max":0,"n":7}}`)), "  "); got != "range=auto  resolution of x=5  resolution of y=7" {
		t.Errorf("a fitted surface is described as %q", got)
	}
	if got := strings.Join(describe("surface", []byte(`{"fit":{"x":true,"y":true,"margin":0.2},"x":{"min":0,"max":0,"n":5},"y":{"min":0,"max":0,"n":5}}`)), "  "); got != "range=around the path, with margin 0.2  resolution=5" {
		t.Errorf("a surface around a path is described as %q", got)
	}
	if got := strings.Join(describe("line", []byte(`{"fit":{"x":true,"y":false,"margin":0},"x":{"min":0,"max":0,"n":5}}`)), "  "); got != "range=auto  points=5" {
		t.Errorf("a fitted line is described as %q", got)
	}
}
