package render

import (
	"testing"

	"lossatlas/activities/render/picture"
)

// TestOneEpoch: the values of a single epoch are dots, filled for the training set and hollow for the test set, where they would be lines.
func TestOneEpoch(t *testing.T) {
	f, err := Training(sampledLog(1), picture.Options{DPI: 288})
	if err != nil {
		t.Fatal(err)
	}
	img := raster(t, f)
	const pixels = 288.0 / 72 // per point
	x := int((f.Frame.Min.X + f.Frame.Max.X).Points() / 2 * pixels)
	var runs []int // of blue pixels down the middle of the frame of losses
	n := 0
	for y := int((f.Height - f.Frame.Max.Y).Points() * pixels); y < int((f.Height-f.Frame.Min.Y).Points()*pixels); y++ {
		if r, _, b, _ := img.At(x, y).RGBA(); b > r+0x3000 {
			n++
		} else if n > 0 {
			runs, n = append(runs, n), 0
		}
	}
	if len(runs) != 3 || runs[0] > 6 || runs[1] > 6 || runs[2] < 16 {
		t.Errorf("pieces of the color of losses are %v pixels long, want two short ones of a ring above a disc", runs)
	}
}
