package mesh

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"strings"
)

// OBJ writes the mesh as Wavefront OBJ, with the color of each vertex behind its place, as MeshLab, Blender and most others read it.
func (m *Mesh) OBJ() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n", cmp.Or(strings.Join(strings.Fields(m.Title), " "), "loss surface"))
	for i, v := range m.Vertices {
		c := m.Colors[i]
		fmt.Fprintf(&b, "v %.6g %.6g %.6g %.4g %.4g %.4g\n", v[0], v[1], v[2], float64(c.R)/255, float64(c.G)/255, float64(c.B)/255)
	}
	for _, n := range m.Normals {
		fmt.Fprintf(&b, "vn %.5g %.5g %.5g\n", n[0], n[1], n[2])
	}
	for _, t := range m.Triangles {
		fmt.Fprintf(&b, "f %d//%d %d//%d %d//%d\n", t[0]+1, t[0]+1, t[1]+1, t[1]+1, t[2]+1, t[2]+1)
	}
	return b.Bytes()
}

// Sizes of a print, in millimeters: the longer side, and the plate below the lowest point.
const (
	printSide  = 100
	printPlate = 3
)

// STL writes the mesh as a binary STL for print: a closed solid on a plate, in millimeters, 100 along the longer side. The format has no colors.
func (m *Mesh) STL() []byte {
	var triangles [][3][3]float32
	top := func(i uint32) [3]float32 {
		v := m.Vertices[i]
		return [3]float32{v[0] * printSide, v[1] * printSide, v[2]*printSide + printPlate}
	}
	floor := func(i uint32) [3]float32 {
		v := top(i)
		v[2] = 0
		return v
	}
	// A wall stands below each edge of the surface: one that runs in one direction only.
	edges := map[[2]uint32]bool{}
	for _, t := range m.Triangles {
		for k := range t {
			edges[[2]uint32{t[k], t[(k+1)%3]}] = true
		}
	}
	for _, t := range m.Triangles {
		triangles = append(triangles, [3][3]float32{top(t[0]), top(t[1]), top(t[2])}, [3][3]float32{floor(t[0]), floor(t[2]), floor(t[1])})
		for k := range t {
			a, b := t[k], t[(k+1)%3]
			if !edges[[2]uint32{b, a}] {
				triangles = append(triangles, [3][3]float32{top(b), top(a), floor(a)}, [3][3]float32{top(b), floor(a), floor(b)})
			}
		}
	}
	b := make([]byte, 80, 84+50*len(triangles))
	copy(b, "loss surface, in millimeters") // must not begin with "solid", the mark of the text form
	b = binary.LittleEndian.AppendUint32(b, uint32(len(triangles)))
	for _, t := range triangles {
		n := unit(cross(t[0], t[1], t[2]))
		b, _ = binary.Append(b, binary.LittleEndian, n) // no error for fixed-size numbers
		b, _ = binary.Append(b, binary.LittleEndian, t)
		b = append(b, 0, 0)
	}
	return b
}
