package mesh

import (
	"encoding/binary"
	"encoding/json"
	"math"
)

// Numbers of the glTF 2.0 specification.
const (
	gltfMagic      = 0x46546C67 // "glTF"
	gltfJSON       = 0x4E4F534A // "JSON"
	gltfBIN        = 0x004E4942 // "BIN"
	gltfFloat      = 5126
	gltfUshort     = 5123
	gltfUint       = 5125
	gltfVertices   = 34962 // a buffer of vertices
	gltfIndices    = 34963 // a buffer of indices
	gltfTriangles  = 4
	gltfHeader     = 12
	gltfChunkFrame = 8
)

type object map[string]any

// GLB writes the mesh as binary glTF 2.0 with normals and colors of the vertices. As glTF requires, y points up: α is x, the loss y, and β −z.
func (m *Mesh) GLB() ([]byte, error) {
	var bin []byte
	var views, accessors []object
	add := func(data any, count, target int, accessor object) int {
		from := len(bin)
		bin, _ = binary.Append(bin, binary.LittleEndian, data) // no error for fixed-size numbers
		views = append(views, object{"buffer": 0, "byteOffset": from, "byteLength": len(bin) - from, "target": target})
		accessor["bufferView"], accessor["count"] = len(views)-1, count
		accessors = append(accessors, accessor)
		return len(accessors) - 1
	}
	n := len(m.Vertices)
	places := raised(m.Vertices)
	lo, hi := places[0], places[0]
	for _, p := range places {
		for axis := range p {
			lo[axis], hi[axis] = min(lo[axis], p[axis]), max(hi[axis], p[axis])
		}
	}
	colors := make([][4]uint16, n)
	for i, c := range m.Colors {
		colors[i] = [4]uint16{linear(c.R), linear(c.G), linear(c.B), math.MaxUint16}
	}
	attributes := object{
		"POSITION": add(places, n, gltfVertices, object{"componentType": gltfFloat, "type": "VEC3", "min": lo, "max": hi}),
		"NORMAL":   add(raised(m.Normals), n, gltfVertices, object{"componentType": gltfFloat, "type": "VEC3"}),
		"COLOR_0":  add(colors, n, gltfVertices, object{"componentType": gltfUshort, "type": "VEC4", "normalized": true}),
	}
	indices := add(m.Triangles, 3*len(m.Triangles), gltfIndices, object{"componentType": gltfUint, "type": "SCALAR"})
	asset := object{"version": "2.0", "generator": "lossatlas"}
	if json.Valid([]byte(m.Meta)) {
		asset["extras"] = object{"lossatlas": json.RawMessage(m.Meta)}
	}
	node := object{"mesh": 0}
	if m.Title != "" {
		node["name"] = m.Title
	}
	head, err := json.Marshal(object{
		"asset": asset, "scene": 0, "scenes": []object{{"nodes": []int{0}}}, "nodes": []object{node},
		"meshes":    []object{{"primitives": []object{{"attributes": attributes, "indices": indices, "material": 0, "mode": gltfTriangles}}}},
		"materials": []object{{"doubleSided": true, "pbrMetallicRoughness": object{"metallicFactor": 0, "roughnessFactor": 0.7}}},
		"buffers":   []object{{"byteLength": len(bin)}}, "bufferViews": views, "accessors": accessors,
	})
	if err != nil {
		return nil, err
	}
	for len(head)%4 != 0 {
		head = append(head, ' ')
	}
	var out []byte
	words := func(values ...uint32) {
		for _, v := range values {
			out = binary.LittleEndian.AppendUint32(out, v)
		}
	}
	words(gltfMagic, 2, uint32(gltfHeader+2*gltfChunkFrame+len(head)+len(bin)), uint32(len(head)), gltfJSON)
	out = append(out, head...)
	words(uint32(len(bin)), gltfBIN)
	return append(out, bin...), nil
}

// raised turns z up into y up.
func raised(v [][3]float32) [][3]float32 {
	out := make([][3]float32, len(v))
	for i, p := range v {
		out[i] = [3]float32{p[0], p[2], -p[1]}
	}
	return out
}

// linear is a part of an sRGB color in glTF's form for vertices: linear in the light (IEC 61966-2-1), of 65535.
func linear(part uint8) uint16 {
	v := float64(part) / 255
	if v <= 0.04045 {
		v /= 12.92
	} else {
		v = math.Pow((v+0.055)/1.055, 2.4)
	}
	return uint16(math.Round(v * math.MaxUint16))
}
