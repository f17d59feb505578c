package surface

import (
	"bytes"
	"fmt"
	"math"
	"slices"
)

// Track is a path over the plane of a grid, as a training takes.
type Track struct {
	Points [][2]float64 // (α, β)
	// Ends are the indices after the last point of each of several paths, rising, the last one len(Points); nil for one path.
	Ends []int
	// Values are numbers at the points, by name.
	Values []TrackValues
}

// TrackValues is a number for each point of a track.
type TrackValues struct {
	Name   string
	Values []float64
}

// VTP writes the track as VTK XML polygonal data: a line through the points
// (α, β, 0) of each path, and a vertex at each of them, in the plane in which VTS puts the
// grid. A filter that raises both by their array loss keeps the one on the other.
func (t Track) VTP() ([]byte, error) {
	n := len(t.Points)
	if n < 2 {
		return nil, fmt.Errorf("track: %d points make no line", n)
	}
	points := make([]float64, 0, 3*n)
	for _, p := range t.Points {
		points = append(points, p[0], p[1], 0)
	}
	var b bytes.Buffer
	b.WriteString(vtkHead("PolyData"))
	fmt.Fprintf(&b, "<PolyData>\n<Piece NumberOfPoints=\"%d\" NumberOfVerts=\"%d\" NumberOfLines=\"%d\" NumberOfStrips=\"0\" NumberOfPolys=\"0\">\n", n, n, max(1, len(t.Ends)))
	b.WriteString("<Points>\n")
	vtkArray(&b, `type="Float64" Name="points" NumberOfComponents="3"`, points)
	b.WriteString("</Points>\n")
	lines := []int64{int64(n)}
	if t.Ends != nil {
		lines = lines[:0]
		for _, end := range t.Ends {
			lines = append(lines, int64(end))
		}
	}
	places, ends := make([]int64, n), make([]int64, n)
	for i := range places {
		places[i], ends[i] = int64(i), int64(i+1)
	}
	for _, cells := range []struct {
		name string
		ends []int64
	}{{"Verts", ends}, {"Lines", lines}} {
		fmt.Fprintf(&b, "<%s>\n", cells.name)
		vtkArray(&b, `type="Int64" Name="connectivity"`, places)
		vtkArray(&b, `type="Int64" Name="offsets"`, cells.ends)
		fmt.Fprintf(&b, "</%s>\n", cells.name)
	}
	b.WriteString("<PointData>\n")
	for _, v := range t.Values {
		if len(v.Values) != n {
			return nil, fmt.Errorf("track: %d points, but %d values of %s", n, len(v.Values), v.Name)
		}
		vtkArray(&b, fmt.Sprintf(`type="Float64" Name=%q`, v.Name), v.Values)
	}
	b.WriteString("</PointData>\n</Piece>\n</PolyData>\n</VTKFile>\n")
	return b.Bytes(), nil
}

// At is the loss at a place, by linear interpolation between the points around
// it: NaN where one of those is NaN, and outside of the grid.
func (g Grid) At(x, y float64) float64 {
	ix, fx, okx := cell(g.X, x)
	iy, fy, oky := cell(g.Y, y)
	if !okx || !oky {
		return math.NaN()
	}
	loss := 0.0
	for _, corner := range []struct {
		dx, dy int
		weight float64
	}{{0, 0, (1 - fx) * (1 - fy)}, {1, 0, fx * (1 - fy)}, {0, 1, (1 - fx) * fy}, {1, 1, fx * fy}} {
		if corner.weight > 0 { // a point on the edge has no cell beyond it
			loss += corner.weight * g.Loss[(iy+corner.dy)*len(g.X)+ix+corner.dx]
		}
	}
	return loss
}

// cell is the interval of an axis that holds v, and how far into it v is.
func cell(axis []float64, v float64) (i int, fraction float64, ok bool) {
	if len(axis) == 0 || !(v >= axis[0] && v <= axis[len(axis)-1]) {
		return 0, 0, false
	}
	i, exact := slices.BinarySearch(axis, v)
	if exact {
		return i, 0, true
	}
	return i - 1, (v - axis[i-1]) / (axis[i] - axis[i-1]), true
}
