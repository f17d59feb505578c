package surface

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// VTS writes the grid as a VTK XML structured grid, for ParaView and the like:
// points (α, β, 0) with the arrays loss, accuracy and mask (1 where evaluated).
// Numbers are in base64, as VTK's text form knows no NaN.
func (g Grid) VTS() ([]byte, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	points := make([]float64, 0, 3*len(g.Mask))
	for i := range g.Mask {
		points = append(points, g.X[i%len(g.X)], g.Y[i/len(g.X)], 0)
	}
	extent := fmt.Sprintf("0 %d 0 %d 0 0", len(g.X)-1, len(g.Y)-1)
	var b bytes.Buffer
	b.WriteString(vtkHead("StructuredGrid"))
	fmt.Fprintf(&b, "<StructuredGrid WholeExtent=%q>\n<Piece Extent=%q>\n", extent, extent)
	b.WriteString("<Points>\n")
	vtkArray(&b, `type="Float64" Name="points" NumberOfComponents="3"`, points)
	b.WriteString("</Points>\n" + `<PointData Scalars="loss">` + "\n")
	vtkArray(&b, `type="Float64" Name="loss"`, g.Loss)
	vtkArray(&b, `type="Float64" Name="accuracy"`, g.Accuracy)
	if g.Decay != nil {
		vtkArray(&b, `type="Float64" Name="decay"`, g.Decay)
	}
	if g.Curvature != nil {
		for _, a := range g.Curvature.arrays() {
			vtkArray(&b, fmt.Sprintf(`type="Float64" Name=%q`, a.name), *a.values)
		}
	}
	if g.Estimate != nil {
		for _, a := range g.Estimate.values() {
			vtkArray(&b, fmt.Sprintf(`type="Float64" Name=%q`, a.name), *a.values)
		}
		vtkArray(&b, `type="UInt8" Name="evaluated"`, g.Estimate.Evaluated)
	}
	if g.Sampling != nil {
		for _, a := range g.Sampling.values() {
			vtkArray(&b, fmt.Sprintf(`type="Float64" Name=%q`, a.name), *a.values)
		}
	}
	vtkArray(&b, `type="UInt8" Name="mask"`, g.Mask)
	b.WriteString("</PointData>\n</Piece>\n</StructuredGrid>\n</VTKFile>\n")
	return b.Bytes(), nil
}

// vtkArray writes an array of fixed-size numbers inline: its length in bytes and
// its bytes, encoded together.
func vtkArray(b *bytes.Buffer, attributes string, numbers any) {
	framed := binary.LittleEndian.AppendUint64(nil, uint64(binary.Size(numbers)))
	framed, _ = binary.Append(framed, binary.LittleEndian, numbers) // no error for fixed-size numbers
	fmt.Fprintf(b, "<DataArray %s format=\"binary\">%s</DataArray>\n", attributes, base64.StdEncoding.EncodeToString(framed))
}

func vtkHead(kind string) string {
	return `<?xml version="1.0"?>` + "\n" + fmt.Sprintf(`<VTKFile type=%q version="1.0" byte_order="LittleEndian" header_type="UInt64">`, kind) + "\n"
}
