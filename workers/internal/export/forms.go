// Package export writes results as the files that other programs open, one at
// a time or a whole sweep as a folder.
package export

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"lossatlas/activities/npz"
	"lossatlas/activities/pairs"
	"lossatlas/activities/render/mesh"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/safetensors"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
	"lossatlas/pipelines"
)

// form is one way to write an output: the end of the file's name, and how the stored bytes become it.
type form struct {
	ext     string
	convert func(b []byte) ([]byte, error)
	asked   bool // not part of the export of a sweep
}

// forms are the ways to write each output, the stored one first, which only checks what it is given.
var forms = map[string]struct {
	what string // "a grid"
	as   []form
}{
	pipelines.OutGrid: {"a grid", []form{
		{ext: ".npz", convert: stored(surface.DecodeNPZ)},
		{ext: ".csv", convert: through(surface.DecodeNPZ, (*surface.Grid).CSV)},
		{ext: ".vts", convert: through(surface.DecodeNPZ, (*surface.Grid).VTS)},
		{ext: ".glb", convert: meshed((*mesh.Mesh).GLB), asked: true},
		{ext: ".obj", convert: meshed(func(m *mesh.Mesh) ([]byte, error) { return m.OBJ(), nil }), asked: true},
		{ext: ".stl", convert: meshed(func(m *mesh.Mesh) ([]byte, error) { return m.STL(), nil }), asked: true},
	}},
	pipelines.OutPath: {"a path", []form{
		{ext: ".json", convert: stored(trajectory.DecodePath)},
		{ext: ".csv", convert: through(trajectory.DecodePath, (*trajectory.Path).CSV)},
		{ext: ".vtp", convert: func(b []byte) ([]byte, error) { return Track(b, nil) }},
	}},
	pipelines.OutPairs: {"pairs of minimizers", []form{
		{ext: ".json", convert: stored(pairs.Decode)},
		{ext: ".csv", convert: through(pairs.Decode, func(r *pairs.Result) ([]byte, error) { return r.CSV() })},
	}},
	pipelines.OutSpectrum: {"a spectrum", []form{
		{ext: ".npz", convert: stored(spectrum.DecodeNPZ)},
		{ext: ".csv", convert: through(spectrum.DecodeNPZ, func(s *spectrum.Spectrum) ([]byte, error) { return s.CSV(), nil })},
	}},
	pipelines.OutDirections:   {"directions", []form{{ext: ".safetensors", convert: stored(decodeTensors)}, {ext: ".npz", convert: through(decodeTensors, tensorsNPZ)}}},
	pipelines.OutEigenvectors: {"eigenvectors", []form{{ext: ".safetensors", convert: stored(decodeTensors)}, {ext: ".npz", convert: through(decodeTensors, tensorsNPZ)}}},
	pipelines.OutWeights:      {"weights", []form{{ext: ".safetensors", convert: stored(decodeTensors)}}},
}

// plain are the outputs that are files of a kind already, with the ends of their names.
var plain = map[string]string{
	pipelines.OutLog: ".json", pipelines.OutFlatness: ".json", pipelines.OutHTML: ".html",
	pipelines.OutPNG: ".png", pipelines.OutSVG: ".svg", pipelines.OutPDF: ".pdf",
}

var checkpointName = regexp.MustCompile(`^checkpoint-[0-9]{5,}$`)

// IsCheckpoint says whether an output is the weights that a training kept along its way.
func IsCheckpoint(output string) bool { return checkpointName.MatchString(output) }

// Forms are the ends of the names of the files that an output is written as, the stored one first.
func Forms(output string) []string { return ends(output, false) }

// ends are those of Forms, and with all those of files that are written only when they are asked for.
func ends(output string, all bool) []string {
	if IsCheckpoint(output) {
		output = pipelines.OutWeights
	}
	var out []string
	for _, f := range forms[output].as {
		if all || !f.asked {
			out = append(out, f.ext)
		}
	}
	if ext, ok := plain[output]; ok {
		out = append(out, ext)
	}
	if out == nil {
		out = []string{".bin"} // an output of a later version of the program
	}
	return out
}

// FormError says that an output can't be written as a file of this name.
type FormError struct {
	What string // "a grid"
	Ext  string
	Want []string
}

// Error says which ends of names there are.
func (e *FormError) Error() string {
	last := len(e.Want) - 1
	list := e.Want[last]
	if last > 0 {
		list = strings.Join(e.Want[:last], ", ") + " or " + list
	}
	return fmt.Sprintf("%s is written as %s, by the end of the file's name, which is %q", e.What, list, e.Ext)
}

// As turns the stored bytes of an output into a file of the given end (".csv"). The error is a
// *FormError where the output has no such form.
func As(output string, b []byte, ext string) ([]byte, error) {
	if IsCheckpoint(output) {
		output = pipelines.OutWeights
	}
	f, ok := forms[output]
	if !ok {
		return b, nil
	}
	for _, form := range f.as {
		if form.ext != ext {
			continue
		}
		out, err := form.convert(b)
		if errors.Is(err, errLine) {
			return nil, &FormError{What: "meshes are of surfaces; a line", Ext: ext, Want: ends(output, false)}
		}
		return out, err
	}
	return nil, &FormError{What: f.what, Ext: ext, Want: ends(output, true)}
}

// through decodes stored bytes and encodes them in another form.
func through[T any](decode func([]byte) (T, error), encode func(T) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		v, err := decode(b)
		if err != nil {
			return nil, err
		}
		return encode(v)
	}
}

// stored returns the stored bytes unchanged, or the error of decoding them.
func stored[T any](decode func([]byte) (T, error)) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		_, err := decode(b)
		return b, err
	}
}

var errLine = errors.New("a line has no mesh")

// meshed turns a grid over a plane into a file of its surface.
func meshed(encode func(*mesh.Mesh) ([]byte, error)) func([]byte) ([]byte, error) {
	return through(surface.DecodeNPZ, func(g *surface.Grid) ([]byte, error) {
		if g.IsLine() {
			return nil, errLine
		}
		m, err := mesh.New(*g, picture.Options{Meta: string(g.Meta)})
		if err != nil {
			return nil, err
		}
		return encode(m)
	})
}

func decodeTensors(b []byte) ([]safetensors.Tensor, error) {
	tensors, _, err := safetensors.Decode(b)
	return tensors, err
}

func tensorsNPZ(tensors []safetensors.Tensor) ([]byte, error) {
	var arrays []npz.Array
	for _, t := range tensors {
		arrays = append(arrays, npz.Array{Name: t.Name, Shape: t.Shape, Data: t.Data})
	}
	return npz.Encode(arrays)
}
