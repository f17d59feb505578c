// Package mesh makes surfaces into triangles with colors, in the file formats of modeling, film and print programs: glTF, OBJ and STL.
package mesh

import (
	"fmt"
	"image/color"
	"math"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// Mesh is a surface over a plane. The longer side of the plane has the length 1 and its center is (0, 0); the lowest loss has the height 0, the highest one
// boxHeight, on the scale of the pictures. It is right-handed: x is α, y is β, z the loss.
type Mesh struct {
	Title, Meta string
	Vertices    [][3]float32
	Normals     [][3]float32 // of length 1
	Colors      []color.RGBA
	Triangles   [][3]uint32 // of vertices, counter-clockwise as seen from above
}

const boxHeight = 0.62

// New is the surface of a grid over a plane, with the scale, cut and colors of opt as in render.Surface3D: losses above the scale are at its top. Cells with a corner
// without a finite loss are holes. It fails where no cell is whole.
func New(g surface.Grid, opt picture.Options) (*Mesh, error) {
	f, opt, err := picture.LossPlane(g, opt)
	if err != nil {
		return nil, err
	}
	scale := opt.LossScale(f.Lo, f.Hi)
	height := func(i int) float64 {
		v := f.Z[i]
		if scale.Log {
			v = max(v, scale.Lo) // an exact 0 has no logarithm
		}
		return min(max(scale.At(v), 0), 1)
	}
	m := &Mesh{Title: opt.Title, Meta: opt.Meta}
	spanX, spanY := f.X[len(f.X)-1]-f.X[0], f.Y[len(f.Y)-1]-f.Y[0]
	unit := max(spanX, spanY)
	index := make(map[int]uint32) // of the vertex at a lattice point
	vertex := func(i int) uint32 {
		if at, ok := index[i]; ok {
			return at
		}
		p, h := f.Node(i), height(i)
		index[i] = uint32(len(m.Vertices))
		m.Vertices = append(m.Vertices, [3]float32{float32((p.X - f.X[0] - spanX/2) / unit), float32((p.Y - f.Y[0] - spanY/2) / unit), float32(boxHeight * h)})
		m.Colors = append(m.Colors, canvas.ColorAt(opt.Colormap, h))
		return index[i]
	}
	for iy := range len(f.Y) - 1 {
		for ix := range len(f.X) - 1 {
			if !f.Whole(ix, iy) {
				continue
			}
			a := f.Index(ix, iy)
			b, c, d := a+1, a+1+len(f.X), a+len(f.X)
			// The diagonal between the corners that are closer in height, so that ridges stay sharp.
			if math.Abs(height(a)-height(c)) <= math.Abs(height(b)-height(d)) {
				m.Triangles = append(m.Triangles, [3]uint32{vertex(a), vertex(b), vertex(c)}, [3]uint32{vertex(a), vertex(c), vertex(d)})
			} else {
				m.Triangles = append(m.Triangles, [3]uint32{vertex(a), vertex(b), vertex(d)}, [3]uint32{vertex(b), vertex(c), vertex(d)})
			}
		}
	}
	if len(m.Triangles) == 0 {
		return nil, fmt.Errorf("no four neighbors of %d×%d points have a finite loss: there is no surface", len(f.X), len(f.Y))
	}
	m.setNormals()
	return m, nil
}

// setNormals makes the normal of a vertex the mean of its triangles' normals, weighted by their areas.
func (m *Mesh) setNormals() {
	sums := make([][3]float64, len(m.Vertices))
	for _, t := range m.Triangles {
		n := cross(m.Vertices[t[0]], m.Vertices[t[1]], m.Vertices[t[2]])
		for _, k := range t {
			for axis := range n {
				sums[k][axis] += n[axis]
			}
		}
	}
	m.Normals = make([][3]float32, len(sums))
	for i, n := range sums {
		m.Normals[i] = unit(n)
	}
}

// cross is the normal of a triangle, of twice its area in length.
func cross(a, b, c [3]float32) (n [3]float64) {
	var u, v [3]float64
	for axis := range u {
		u[axis], v[axis] = float64(b[axis])-float64(a[axis]), float64(c[axis])-float64(a[axis])
	}
	return [3]float64{u[1]*v[2] - u[2]*v[1], u[2]*v[0] - u[0]*v[2], u[0]*v[1] - u[1]*v[0]}
}

func unit(n [3]float64) (out [3]float32) {
	length := math.Sqrt(n[0]*n[0] + n[1]*n[1] + n[2]*n[2])
	for axis := range n {
		out[axis] = float32(n[axis] / length)
	}
	return out
}
