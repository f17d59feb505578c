package mesh_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/render/mesh"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// hill is a surface over nx×ny points, with a hole at the far corner.
func hill(nx, ny int) surface.Grid {
	g := surface.NewGrid(surface.Lattice(-1, 1, nx), surface.Lattice(-0.5, 0.5, ny))
	for i := range g.Loss {
		x, y := g.X[i%nx], g.Y[i/nx]
		g.Loss[i], g.Mask[i] = 1+x*x+2*y*y, true
	}
	g.Loss[len(g.Loss)-1] = math.NaN()
	return *g
}

func made(t *testing.T, g surface.Grid) *mesh.Mesh {
	t.Helper()
	m, err := mesh.New(g, picture.Options{Title: "A hill", Meta: `{"step": "x"}`})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMesh: vertices keep the aspect of the plane and the order of the losses, normals point up, colors follow the height, and the cell of the hole is open.
func TestMesh(t *testing.T) {
	m := made(t, hill(5, 3))
	if len(m.Vertices) != 14 || len(m.Triangles) != 2*(4*2-1) {
		t.Fatalf("%d vertices, %d triangles", len(m.Vertices), len(m.Triangles))
	}
	var lo, hi [3]float32
	for i, v := range m.Vertices {
		for axis := range v {
			lo[axis], hi[axis] = min(lo[axis], v[axis]), max(hi[axis], v[axis])
		}
		if n := m.Normals[i]; !(n[2] > 0) || math.Abs(float64(n[0]*n[0]+n[1]*n[1]+n[2]*n[2])-1) > 1e-5 {
			t.Errorf("normal %d is %v", i, n)
		}
	}
	if lo != [3]float32{-0.5, -0.25, 0} || hi != [3]float32{0.5, 0.25, 0.62} {
		t.Errorf("it spans %v to %v", lo, hi)
	}
	low := slices.IndexFunc(m.Vertices, func(v [3]float32) bool { return v == [3]float32{0, 0, 0} })
	if low < 0 || m.Colors[low] != (color.RGBA{0x44, 0x01, 0x54, 255}) {
		t.Errorf("the lowest point is vertex %d of %v", low, m.Vertices)
	}
	empty := hill(3, 3)
	for i := range empty.Loss {
		if i%2 == 0 {
			empty.Loss[i] = math.Inf(1)
		}
	}
	for name, g := range map[string]surface.Grid{"no whole cell": empty, "a line": *surface.NewGrid([]float64{0, 1}, []float64{0})} {
		if _, err := mesh.New(g, picture.Options{}); err == nil {
			t.Errorf("%s has a mesh", name)
		}
	}
}

// TestSTL: every edge of the solid is shared by two triangles that run along it in opposite directions, so that it is closed, and the volume inside is positive.
func TestSTL(t *testing.T) {
	b := made(t, hill(5, 3)).STL()
	n := int(binary.LittleEndian.Uint32(b[80:]))
	if len(b) != 84+50*n || bytes.HasPrefix(b, []byte("solid")) {
		t.Fatalf("%d bytes of %d triangles", len(b), n)
	}
	edges, volume := map[string]int{}, 0.0
	for k := range n {
		var f [12]float32
		if _, err := binary.Decode(b[84+50*k:], binary.LittleEndian, &f); err != nil {
			t.Fatal(err)
		}
		p := [3][3]float32{[3]float32(f[3:6]), [3]float32(f[6:9]), [3]float32(f[9:12])}
		for i := range p {
			edges[fmt.Sprint(p[i], p[(i+1)%3])]++
			edges[fmt.Sprint(p[(i+1)%3], p[i])]--
		}
		a, c, d := p[0], p[1], p[2]
		volume += float64(a[0]*(c[1]*d[2]-c[2]*d[1])+a[1]*(c[2]*d[0]-c[0]*d[2])+a[2]*(c[0]*d[1]-c[1]*d[0])) / 6
	}
	for edge, open := range edges {
		if open != 0 {
			t.Errorf("edge %s is open", edge)
		}
	}
	if volume < 100*50*3*0.8 { // the plate without the cell of the hole
		t.Errorf("a volume of %v mm³", volume)
	}
}

// TestGLB: the file has the chunks, and the accessors the ranges, that glTF 2.0 asks for; what they hold is the mesh with y up.
func TestGLB(t *testing.T) {
	m := made(t, hill(5, 3))
	b, err := m.GLB()
	if err != nil {
		t.Fatal(err)
	}
	word := func(at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
	size := word(12)
	if string(b[:4]) != "glTF" || word(4) != 2 || word(8) != len(b) || string(b[16:20]) != "JSON" || size%4 != 0 || string(b[24+size:28+size]) != "BIN\x00" {
		t.Fatalf("the head is %x", b[:28])
	}
	bin := b[28+size:]
	var doc struct {
		Asset   struct{ Version string }
		Buffers []struct{ ByteLength int }
		Meshes  []struct {
			Primitives []struct {
				Attributes map[string]int
				Indices    int
			}
		}
		BufferViews []struct{ ByteOffset, ByteLength int }
		Accessors   []struct {
			BufferView, Count int
			Min, Max          []float32
		}
	}
	if err := json.Unmarshal(b[20:20+size], &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Asset.Version != "2.0" || doc.Buffers[0].ByteLength != len(bin) || word(20+size) != len(bin) {
		t.Fatalf("version %s, %d bytes of %d", doc.Asset.Version, doc.Buffers[0].ByteLength, len(bin))
	}
	read := func(accessor int, to any) int {
		a := doc.Accessors[accessor]
		v := doc.BufferViews[a.BufferView]
		n, err := binary.Decode(bin[v.ByteOffset:v.ByteOffset+v.ByteLength], binary.LittleEndian, to)
		if err != nil || n != v.ByteLength || v.ByteOffset%4 != 0 {
			t.Fatalf("accessor %d: %d bytes at %d, %v", accessor, n, v.ByteOffset, err)
		}
		return a.Count
	}
	prim := doc.Meshes[0].Primitives[0]
	places, normals, colors, indices := make([][3]float32, 14), make([][3]float32, 14), make([][4]uint16, 14), make([]uint32, 42)
	if read(prim.Attributes["POSITION"], places) != 14 || read(prim.Attributes["NORMAL"], normals) != 14 || read(prim.Attributes["COLOR_0"], colors) != 14 || read(prim.Indices, indices) != 42 {
		t.Fatalf("accessors %+v", doc.Accessors)
	}
	if a := doc.Accessors[prim.Attributes["POSITION"]]; !slices.Equal(a.Min, []float32{-0.5, 0, -0.25}) || !slices.Equal(a.Max, []float32{0.5, 0.62, 0.25}) {
		t.Errorf("places span %v to %v", a.Min, a.Max)
	}
	for i, v := range m.Vertices {
		if places[i] != [3]float32{v[0], v[2], -v[1]} || normals[i][1] != m.Normals[i][2] {
			t.Errorf("vertex %d is at %v, want %v with y up", i, places[i], v)
		}
	}
	for i, index := range indices {
		if index != m.Triangles[i/3][i%3] {
			t.Fatalf("the triangles differ at %d", i)
		}
	}
	if low := colors[slices.Index(m.Colors, color.RGBA{0x44, 0x01, 0x54, 255})]; low != [4]uint16{3788, 20, 5810, 65535} { // 0x44 is 0.05781 of the light, 0x54 is 0.08866
		t.Errorf("the lowest color is %v", low)
	}
}

// TestOBJ: places, colors and triangles, whose indices begin with 1.
func TestOBJ(t *testing.T) {
	b := string(made(t, hill(5, 3)).OBJ())
	if strings.Count(b, "\nv ") != 14 || strings.Count(b, "\nvn ") != 14 || strings.Count(b, "\nf ") != 14 || !strings.Contains(b, "\nv 0 0 0 0.2667 0.003922 0.3294\n") || strings.Contains(b, " 0//") {
		t.Errorf("the file is\n%s", b)
	}
}

// TestLook writes a mesh in each format into the folder LOSSATLAS_LOOK, for other programs to open.
func TestLook(t *testing.T) {
	dir := os.Getenv("LOSSATLAS_LOOK")
	if dir == "" {
		t.Skip("set LOSSATLAS_LOOK to a folder to write meshes there")
	}
	m := made(t, hill(33, 17))
	glb, err := m.GLB()
	if err != nil {
		t.Fatal(err)
	}
	for ext, b := range map[string][]byte{"glb": glb, "obj": m.OBJ(), "stl": m.STL()} {
		if err := os.WriteFile(filepath.Join(dir, "mesh."+ext), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
