package atlas

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/surface"
)

// Whatever a sweep calls its parts and whatever was measured, the page's numbers are JSON without markup that says just that.
func TestNumbersOfAnyMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		nx, ny := rapid.IntRange(1, 4).Draw(t, "nx"), rapid.IntRange(1, 4).Draw(t, "ny")
		g := surface.NewGrid(surface.Lattice(-1, 1, nx), surface.Lattice(-1, 1, ny))
		for i := range g.Mask {
			g.Mask[i], g.Loss[i] = rapid.Bool().Draw(t, "mask"), rapid.OneOf(rapid.Float64(), rapid.Just(math.NaN()), rapid.Just(math.Inf(1))).Draw(t, "loss")
		}
		d := Data{Sweep: name, Experiments: []Experiment{{Name: name, Maps: []Map{{Name: name, Kind: "surface", Split: "train", Grid: g, Note: name}}}}}
		raw, note, err := embedded(d, 1<<20)
		if err != nil || note != "" {
			t.Fatal(note, err)
		}
		if bytes.ContainsAny(raw, "<>&") {
			t.Fatalf("markup in %s", raw)
		}
		var page pageJSON
		if err := json.Unmarshal(raw, &page); err != nil {
			t.Fatal(err)
		}
		m := page.Experiments[0].Maps[0]
		if want := strings.ToValidUTF8(name, "\uFFFD"); page.Sweep != want || m.Name != want || m.Note != want || m.Single {
			t.Fatalf("%q became %+v", name, m)
		}
		packed, err := base64.StdEncoding.DecodeString(m.Arrays["loss"])
		if err != nil || len(packed) != 8*len(g.Loss) {
			t.Fatalf("%d bytes of %d losses, %v", len(packed), len(g.Loss), err)
		}
		for i, v := range g.Loss {
			if got := binary.LittleEndian.Uint64(packed[8*i:]); got != math.Float64bits(v) {
				t.Fatalf("loss %d is %x, want %x", i, got, math.Float64bits(v))
			}
		}
	})
}

// Where there is little room, maps lose digits, and then the largest of them are left out with a note; none is cut short.
func TestMapsKeepToTheirRoom(t *testing.T) {
	d := Data{Experiments: []Experiment{{Name: "a", Maps: []Map{
		{Name: "small", Kind: "surface", Split: "train", Grid: sampled(11, bowl)}, {Name: "large", Kind: "surface", Split: "train", Grid: sampled(101, bowl)},
		{Name: "beyond", Kind: "surface", Split: "train", Grid: sampled(5, func(x, y float64) float64 { return 1e300 })},
	}}}}
	whole, note, err := embedded(d, 1<<20)
	if err != nil || note != "" {
		t.Fatal(note, err)
	}
	for _, test := range []struct {
		limit  int
		single bool
		large  bool
	}{{len(whole) * 2 / 3, true, true}, {len(whole) / 5, true, false}} {
		raw, note, err := embedded(d, test.limit)
		if err != nil || note == "" || len(raw) > test.limit+3000 {
			t.Errorf("%d bytes where %d are allowed, with the note %q, %v", len(raw), test.limit, note, err)
		}
		var page pageJSON
		if err := json.Unmarshal(raw, &page); err != nil {
			t.Fatal(err)
		}
		maps := page.Experiments[0].Maps
		if maps[0].Single != test.single || maps[0].Arrays == nil || (maps[1].Arrays != nil) != test.large || (maps[1].Note == "") != test.large {
			t.Errorf("in %d bytes the maps are %+v", test.limit, maps)
		}
		if maps[2].Single {
			t.Error("a loss that float32 cannot hold lost its value")
		}
	}
}
