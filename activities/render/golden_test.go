package render

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"lossatlas/activities/render/picture"
)

var update = flag.Bool("update", false, "write the golden images anew; look at them before committing")

// goldens are the figures kept as images: every kind, and every way a surface can be difficult.
var goldens = []string{
	"contour-bowl17", "contour-tilted51", "contour-chaotic51", "contour-chaotic51-paper", "contour-broken51", "contour-coarse17", "contour-nothing",
	"filled-bowl17", "filled-chaotic51", "filled-coarse17", "ratio", "ratio-broken", "line", "line-log", "line-cut", "training", "training-short", "training-one",
	"trajectory", "trajectory-long", "density", "heat", "heat-log", "tree-20", "diagram-20", "contour-basins",
	"surface3d-tilted51", "surface3d-chaotic51", "surface3d-broken17", "surface3d-cut", "surface3d-open", "surface3d-constant", "surface3d-nothing",
	"multiples-contour", "multiples-filled", "multiples-heat", "multiples-surface3d", "multiples-ratio", "multiples-line", "multiples-trajectory", "multiples-nothing",
	"lines", "norms", "curves", "curves-one", "histogram", "histogram-log", "scatter", "scatter-nothing", "barriers", "barriers-few", "layout", "layout-few", "components",
}

// goldenWidth is the width that figures are scaled down to before they are compared: about a
// quarter, so that an edge that falls a fraction of a pixel differently on another processor counts for little.
const goldenWidth = 220

// Figures look as they did. The mean difference of grey may be a tenth of a level of 255, half of what one moved
// contour label makes; no pixel may differ by a quarter of the range, as a missing line would.
func TestFiguresLookAsTheyDid(t *testing.T) {
	figures := sampleFigures(t)
	for _, name := range goldens {
		got := shrunk(t, figures[name])
		file := filepath.Join("testdata", name+".png")
		if *update {
			var b bytes.Buffer
			if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, got); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%v: make it with go test -update", err)
		}
		want, err := png.Decode(bytes.NewReader(src))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if mean, most := difference(got, want); mean > 0.1 || most > 64 {
			t.Errorf("%s looks different: mean difference %.3f (at most 0.1), largest %.0f (at most 64)", name, mean, most)
		}
	}
}

// What the comparison is for must exceed its tolerance: labels missing, another level, another colour map.
func TestComparisonSeesDifferences(t *testing.T) {
	g := sampled(51, tilted)
	draw := func(o picture.Options) *image.Gray {
		f, err := Contour(g, o)
		if err != nil {
			t.Fatal(err)
		}
		return shrunk(t, f)
	}
	base := draw(picture.Options{})
	for name, o := range map[string]picture.Options{
		"no labels": {NoLabels: true}, "other levels": {Min: 0.1, Max: 20, Step: 2}, "another map": {Colormap: "magma"}, "a title": {Title: "T"},
	} {
		if mean, most := difference(base, draw(o)); mean <= 0.1 && most <= 64 {
			t.Errorf("%s passes for the same picture: mean difference %.3f, largest %.0f", name, mean, most)
		}
	}
}

// shrunk draws a figure and returns it in grey, goldenWidth pixels wide, each the mean of the pixels it covers.
func shrunk(t *testing.T, f picture.Figure) *image.Gray {
	t.Helper()
	b, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	src, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	height := h * goldenWidth / w
	out := image.NewGray(image.Rect(0, 0, goldenWidth, height))
	for y := range height {
		for x := range goldenWidth {
			sum, n := 0, 0
			for sy := y * h / height; sy < (y+1)*h/height; sy++ {
				for sx := x * w / goldenWidth; sx < (x+1)*w/goldenWidth; sx++ {
					sum += int(color.GrayModel.Convert(src.At(sx, sy)).(color.Gray).Y)
					n++
				}
			}
			out.SetGray(x, y, color.Gray{Y: uint8(math.Round(float64(sum) / float64(n)))})
		}
	}
	return out
}

// difference returns the mean and the largest difference of grey; images of different size differ entirely.
func difference(a *image.Gray, b image.Image) (mean, most float64) {
	if a.Bounds() != b.Bounds() {
		return 255, 255
	}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			d := math.Abs(float64(a.GrayAt(x, y).Y) - float64(color.GrayModel.Convert(b.At(x, y)).(color.Gray).Y))
			mean += d
			most = max(most, d)
		}
	}
	return mean / float64(a.Bounds().Dx()*a.Bounds().Dy()), most
}
