package surface_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/surface"
)

// vtkFile is the part of the format that VTS writes.
type vtkFile struct {
	Type  string `xml:"type,attr"`
	Order string `xml:"byte_order,attr"`
	Grid  struct {
		Extent string `xml:"WholeExtent,attr"`
		Piece  struct {
			Extent string     `xml:"Extent,attr"`
			Points []vtkArray `xml:"Points>DataArray"`
			Data   []vtkArray `xml:"PointData>DataArray"`
		}
	} `xml:"StructuredGrid"`
}

type vtkArray struct {
	Type       string `xml:"type,attr"`
	Name       string `xml:"Name,attr"`
	Format     string `xml:"format,attr"`
	Components int    `xml:"NumberOfComponents,attr"`
	Text       string `xml:",chardata"`
}

// content decodes an array: eight bytes of length, then the content.
func (a vtkArray) content(t *testing.T) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(a.Text))
	if err != nil || len(b) < 8 || binary.LittleEndian.Uint64(b) != uint64(len(b)-8) {
		t.Fatalf("array %s: %d bytes, %v", a.Name, len(b), err)
	}
	return b[8:]
}

func (a vtkArray) floats(t *testing.T) []float64 {
	t.Helper()
	var v []float64
	for b := a.content(t); len(b) > 0; b = b[8:] {
		v = append(v, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return v
}

func TestVTS(t *testing.T) {
	g := surface.NewGrid([]float64{-1, 0, 1}, []float64{0, 2})
	if err := g.Add([]surface.Point{{0, 1, 10}, {1, math.NaN(), 20}, {5, math.Inf(1), 30}}); err != nil {
		t.Fatal(err)
	}
	b, err := g.VTS()
	if err != nil {
		t.Fatal(err)
	}
	var f vtkFile
	if err := xml.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	piece := f.Grid.Piece
	if f.Type != "StructuredGrid" || f.Order != "LittleEndian" || f.Grid.Extent != "0 2 0 1 0 0" || piece.Extent != f.Grid.Extent || len(piece.Points) != 1 || len(piece.Data) != 3 {
		t.Fatalf("read %+v", f)
	}
	wantPoints := []float64{-1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 2, 0, 0, 2, 0, 1, 2, 0}
	if diff := cmp.Diff(wantPoints, piece.Points[0].floats(t)); diff != "" || piece.Points[0].Components != 3 {
		t.Error(diff)
	}
	if !same(g.Loss, piece.Data[0].floats(t)) || !same(g.Accuracy, piece.Data[1].floats(t)) {
		t.Error("loss or accuracy differs")
	}
	if diff := cmp.Diff([]byte{1, 1, 0, 0, 0, 1}, piece.Data[2].content(t)); diff != "" {
		t.Error(diff)
	}
}
