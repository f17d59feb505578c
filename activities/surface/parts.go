package surface

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"lossatlas/activities/npz"
	"lossatlas/activities/refine"
)

// PartKey is a point and a subset of the examples, a number of refine.Subsets from 1 on.
type PartKey struct{ Index, Subset int }

// compareParts is the order of points and subsets.
func compareParts(a, b PartKey) int {
	return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Subset, b.Subset))
}

// partsRow is the bytes of a point's values over a subset.
const partsRow = 8 + 8*3

// EncodeParts is EncodeSampled with values over subsets of the examples in front, in the order of their points and subsets. Without any it is EncodeSampled.
func EncodeParts(points []Sampled, parts map[PartKey]refine.Part) []byte {
	if len(parts) == 0 {
		return EncodeSampled(points)
	}
	keys := slices.SortedFunc(maps.Keys(parts), compareParts)
	b := encodeRows(partsMagic, len(keys), func(i int) (int, []float64) {
		p := parts[keys[i]]
		return keys[i].Index, []float64{float64(keys[i].Subset), p.Loss, p.Accuracy}
	})
	return append(b, EncodeSampled(points)...)
}

// DecodeParts reads what EncodeParts wrote, and refuses anything else.
func DecodeParts(b []byte) (points []Sampled, parts map[PartKey]refine.Part, err error) {
	if bytes.HasPrefix(b, []byte(partsMagic)) && len(b) >= pointsFrame {
		count := binary.LittleEndian.Uint64(b[len(partsMagic):])
		if count > uint64(len(b)-pointsFrame)/partsRow {
			return nil, nil, fmt.Errorf("points: %d values over subsets announced, %d bytes of them there", count, len(b)-pointsFrame)
		}
		end := pointsFrame + int(count)*partsRow
		parts = make(map[PartKey]refine.Part)
		ordered, before := count > 0, PartKey{Index: -1}
		err = decodeRows(b[:end], partsMagic, 3, func(index int, v []float64) {
			k := PartKey{index, int(v[0])}
			ordered = ordered && float64(k.Subset) == v[0] && k.Subset >= 1 && k.Subset <= mostSubsets && compareParts(before, k) < 0
			parts[k], before = refine.Part{Loss: v[1], Accuracy: v[2]}, k
		})
		if err == nil && !ordered {
			err = errors.New("points: values over subsets are not in the order of points and subsets")
		}
		b = b[end:]
	}
	if err == nil {
		points, err = DecodeSampled(b)
	}
	return points, parts, err
}

// AddParts adds values over subsets. Values that are there stay.
func (g *Grid) AddParts(parts map[PartKey]refine.Part) error {
	for k, v := range parts {
		if k.Index < 0 || k.Index >= len(g.Mask) || k.Subset < 1 || k.Subset > mostSubsets {
			return fmt.Errorf("subset %d of point %d lies outside a lattice of %d×%d points", k.Subset, k.Index, len(g.X), len(g.Y))
		}
		if g.Parts == nil {
			g.Parts = make(map[PartKey]refine.Part)
		}
		if _, there := g.Parts[k]; !there {
			g.Parts[k] = v
		}
	}
	return nil
}

// EncodeAll encodes the values of all evaluated points, and those over subsets.
func (g *Grid) EncodeAll() []byte {
	var indices []int
	for i := range g.Mask {
		if g.IsEvaluated(i) {
			indices = append(indices, i)
		}
	}
	if g.Curvature != nil {
		return g.EncodePoints(indices)
	}
	points := make([]Sampled, len(indices))
	for k, i := range indices {
		points[k] = g.Point(i)
	}
	return EncodeParts(points, g.Parts)
}

// EncodeSubset encodes the values of points over a subset, nil where a point has no such value.
func (g *Grid) EncodeSubset(indices []int, subset int) []byte {
	parts := make(map[PartKey]refine.Part)
	for _, i := range indices {
		k := PartKey{i, subset}
		p, there := g.Parts[k]
		if !there {
			return nil
		}
		parts[k] = p
	}
	return EncodeParts(nil, parts)
}

// CopyParts copies the values of a point over subsets.
func (g *Grid) CopyParts(to map[PartKey]refine.Part, i int) {
	for subset := 1; len(g.Parts) > 0 && subset <= mostSubsets; subset++ {
		if p, there := g.Parts[PartKey{i, subset}]; there {
			to[PartKey{i, subset}] = p
		}
	}
}

// mostSubsets is the largest number of a subset.
const mostSubsets = 32

// The arrays of a file with values over subsets, one row each.
const (
	partPoints   = "subset_point"
	partSubsets  = "subset"
	partLoss     = "subset_loss"
	partAccuracy = "subset_accuracy"
)

// partArrays are the parts of a file.
func (g *Grid) partArrays() []npz.Array {
	if len(g.Parts) == 0 {
		return nil
	}
	var points, subsets []int64
	var loss, accuracy []float64
	for _, k := range slices.SortedFunc(maps.Keys(g.Parts), compareParts) {
		p := g.Parts[k]
		points, subsets = append(points, int64(k.Index)), append(subsets, int64(k.Subset))
		loss, accuracy = append(loss, p.Loss), append(accuracy, p.Accuracy)
	}
	n := []int{len(points)}
	return []npz.Array{{Name: partPoints, Shape: n, Data: points}, {Name: partSubsets, Shape: n, Data: subsets}, {Name: partLoss, Shape: n, Data: loss}, {Name: partAccuracy, Shape: n, Data: accuracy}}
}

// decodeParts takes the arrays of a file that partArrays made.
func (g *Grid) decodeParts(arrays map[string]any) error {
	if arrays[partPoints] == nil {
		return nil
	}
	points, _ := arrays[partPoints].([]int64)
	subsets, _ := arrays[partSubsets].([]int64)
	loss, _ := arrays[partLoss].([]float64)
	accuracy, _ := arrays[partAccuracy].([]float64)
	if n := len(points); n == 0 || len(subsets) != n || len(loss) != n || len(accuracy) != n {
		return errors.New("grid: values over subsets of the examples, whose points, subsets, losses and accuracies do not fit together")
	}
	parts := make(map[PartKey]refine.Part)
	for i := range points {
		parts[PartKey{int(points[i]), int(subsets[i])}] = refine.Part{Loss: loss[i], Accuracy: accuracy[i]}
	}
	if len(parts) != len(points) {
		return errors.New("grid: values over a subset of the examples twice")
	}
	if err := g.AddParts(parts); err != nil {
		return fmt.Errorf("grid: %w", err)
	}
	return nil
}
