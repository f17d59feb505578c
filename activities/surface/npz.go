package surface

import (
	"errors"
	"fmt"
	"slices"

	"lossatlas/activities/npz"
)

// maxUnpacked bounds the memory that DecodeNPZ takes for a compressed file: a
// grid of 4096×4096 points needs 285 MB.
const maxUnpacked = 512 << 20

// EncodeNPZ writes the grid as NumPy reads it: x [nx] and y [ny], loss and
// accuracy [ny][nx] in float64, mask [ny][nx] in bool, and Meta's JSON as the
// text meta; with Decay decay [ny][nx]; with Curvature lambda_min, lambda_max, residual_min and
// residual_max [ny][nx] as well, and where these are estimated lambda_min_error and lambda_max_error; with Estimate stated_error [1] or stated_absolute_error [1], evaluated [ny][nx] in bool,
// loss_error and accuracy_error [ny][nx], and where points were evaluated over subsets of the examples evaluated_examples [ny][nx] in int64 and,
// one row for each point and subset, subset_point and subset [rows] in int64 and subset_loss and subset_accuracy [rows]; with Sampling images [1] and population [1], loss_se, accuracy_se and rise_se [ny][nx].
// All bits of the numbers are kept, and equal grids give equal bytes.
func (g Grid) EncodeNPZ() ([]byte, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	plane := []int{len(g.Y), len(g.X)}
	arrays := []npz.Array{
		{Name: "x", Shape: plane[1:], Data: g.X},
		{Name: "y", Shape: plane[:1], Data: g.Y},
		{Name: "loss", Shape: plane, Data: g.Loss},
		{Name: "accuracy", Shape: plane, Data: g.Accuracy},
		{Name: "mask", Shape: plane, Data: g.Mask},
		{Name: "meta", Data: npz.JSONText(g.Meta)},
	}
	if g.Decay != nil {
		arrays = append(arrays, npz.Array{Name: "decay", Shape: plane, Data: g.Decay})
	}
	if g.Curvature != nil {
		for _, a := range g.Curvature.arrays() {
			arrays = append(arrays, npz.Array{Name: a.name, Shape: plane, Data: *a.values})
		}
	}
	return npz.Encode(slices.Concat(arrays, g.Estimate.arrays(plane), g.Sampling.arrays(plane), g.partArrays()))
}

// DecodeNPZ reads a grid. Files that other programs wrote serve as well: mask
// (all true) and meta may be absent, numbers may be float32, and arrays of
// other names are ignored.
func DecodeNPZ(b []byte) (*Grid, error) {
	arrays, err := npz.Decode(b, maxUnpacked)
	if err != nil {
		return nil, fmt.Errorf("grid: %w", err)
	}
	g, curvature, estimate, sampling := &Grid{}, &Curvature{}, &Estimate{}, &Sampling{}
	shapes, parts := map[string][]int{}, map[string]any{}
	for _, a := range arrays {
		var err error
		switch a.Name {
		case "x":
			g.X, err = floats(a.Data)
		case "y":
			g.Y, err = floats(a.Data)
		case "loss":
			g.Loss, err = floats(a.Data)
		case "accuracy":
			g.Accuracy, err = floats(a.Data)
		case "decay":
			g.Decay, err = floats(a.Data)
		case "mask":
			mask, ok := a.Data.([]bool)
			if g.Mask = mask; !ok {
				err = errors.New("expected bool")
			}
		case partPoints, partSubsets, partLoss, partAccuracy:
			parts[a.Name] = a.Data
		case "meta":
			var ok bool
			if g.Meta, ok = npz.ParseJSONText(a.Data); !ok {
				err = errors.New("expected a text of JSON")
			}
		}
		if err == nil {
			err = errors.Join(estimate.decode(a), sampling.decode(a))
		}
		for _, c := range slices.Concat(curvature.computed(), curvature.bounds()) {
			if c.name == a.Name {
				*c.values, err = floats(a.Data)
				g.Curvature = curvature
			}
		}
		if err != nil {
			return nil, fmt.Errorf("grid: array %s: %w", a.Name, err)
		}
		shapes[a.Name] = a.Shape
	}
	if err := checkShapes(shapes); err != nil {
		return nil, err
	}
	if _, ok := shapes["evaluated"]; ok {
		g.Estimate = estimate
	}
	if _, ok := shapes["loss_se"]; ok {
		g.Sampling = sampling
	}
	if _, ok := shapes["mask"]; !ok {
		g.Mask = slices.Repeat([]bool{true}, len(g.Loss))
	}
	if err := g.decodeParts(parts); err != nil {
		return nil, err
	}
	return g, g.Validate()
}

// checkShapes compares the arrays' shapes with x and y.
func checkShapes(shapes map[string][]int) error {
	for _, name := range []string{"x", "y", "loss", "accuracy"} {
		if _, ok := shapes[name]; !ok {
			return fmt.Errorf("grid: the array %s is missing; expected x, y, loss, accuracy, and perhaps mask and meta", name)
		}
	}
	if len(shapes["x"]) != 1 || len(shapes["y"]) != 1 {
		return fmt.Errorf("grid: x and y have the shapes %v and %v, expected one dimension each", shapes["x"], shapes["y"])
	}
	nx, ny := shapes["x"][0], shapes["y"][0]
	for _, name := range []string{"loss", "accuracy", "mask", "decay", "lambda_min", "lambda_max", "residual_min", "residual_max", "lambda_min_error", "lambda_max_error", "evaluated", "evaluated_examples", "loss_error", "accuracy_error", "loss_se", "accuracy_se", "rise_se"} {
		shape, ok := shapes[name]
		if ok && (len(shape) != 2 || shape[0] != ny || shape[1] != nx) {
			return fmt.Errorf("grid: array %s has the shape %v, expected [%d %d] as y and x say", name, shape, ny, nx)
		}
	}
	return nil
}

// floats accepts both widths of floating-point numbers.
func floats(data any) ([]float64, error) {
	switch v := data.(type) {
	case []float64:
		return v, nil
	case []float32:
		wide := make([]float64, len(v))
		for i, x := range v {
			wide[i] = float64(x)
		}
		return wide, nil
	}
	return nil, errors.New("expected floating-point numbers")
}
