package atlas

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"testing"
)

// checkMeshes: the glTF has as many colors as places within the box of the page, with y up; the OBJ has the same surface with z up; the STL is closed, 100 mm long, on a plate.
func checkMeshes(t *testing.T, glb, obj, stl []byte) {
	t.Helper()
	if len(glb) < 20 || string(glb[:4]) != "glTF" || int(binary.LittleEndian.Uint32(glb[8:])) != len(glb) {
		t.Fatalf("the GLB has %d bytes", len(glb))
	}
	var doc struct {
		Meshes []struct {
			Primitives []struct{ Attributes map[string]int }
		}
		Accessors []struct {
			Count    int
			Min, Max []float64
		}
	}
	if err := json.Unmarshal(glb[20:20+binary.LittleEndian.Uint32(glb[12:])], &doc); err != nil || len(doc.Meshes) != 1 {
		t.Fatalf("the GLB: %d meshes, %v", len(doc.Meshes), err)
	}
	of := doc.Meshes[0].Primitives[0].Attributes
	places, colors := doc.Accessors[of["POSITION"]], doc.Accessors[of["COLOR_0"]]
	if places.Count != colors.Count || places.Max[0]-places.Min[0] > 1 || places.Min[1] < 0 || places.Max[1] < 0.1 || places.Max[1] > 0.476 {
		t.Errorf("the GLB has %+v and %+v", places, colors)
	}
	points, lo, hi := 0, [6]float64{5: 1}, [6]float64{}
	for line := range bytes.Lines(obj) {
		var p [6]float64
		if n, _ := fmt.Sscanf(string(line), "v %g %g %g %g %g %g", &p[0], &p[1], &p[2], &p[3], &p[4], &p[5]); n != 6 {
			continue
		}
		points++
		for k, v := range p {
			lo[k], hi[k] = min(lo[k], v), max(hi[k], v)
		}
	}
	if points != places.Count || math.Abs(hi[2]-places.Max[1]) > 1e-6 || math.Abs(lo[1]+places.Max[2]) > 1e-6 || lo[3] < 0 || hi[4] > 1 || hi[4] < 0.5 {
		t.Errorf("the OBJ has %d points from %v to %v", points, lo, hi)
	}
	edges, low, high := map[string]int{}, math.Inf(1), math.Inf(-1)
	for f := stl[84:]; len(f) >= 50; f = f[50:] {
		var v [12]float32
		if _, err := binary.Decode(f, binary.LittleEndian, &v); err != nil {
			t.Fatal(err)
		}
		p := [3][3]float32{[3]float32(v[3:6]), [3]float32(v[6:9]), [3]float32(v[9:12])}
		for i := range p {
			edges[fmt.Sprint(p[i], p[(i+1)%3])]++
			edges[fmt.Sprint(p[(i+1)%3], p[i])]--
			low, high = min(low, float64(p[i][2])), max(high, float64(p[i][2]))
		}
	}
	open := 0
	for _, n := range edges {
		if n != 0 {
			open++
		}
	}
	if len(stl) != 84+50*int(binary.LittleEndian.Uint32(stl[80:])) || open > 0 || math.Abs(low) > 1e-4 || math.Abs(high-(100*places.Max[1]+3)) > 0.01 {
		t.Errorf("the STL has %d bytes, %d open edges, heights from %v to %v", len(stl), open, low, high)
	}
}
