// Package folder reads a network in the form in which users of JAX export it: a folder with the StableHLO programs of the
// loss and its derivatives, the weights, and a manifest, model.json, such as
//
//	{"version": 1, "batch": 64, "score": true,
//	 "x": {"shape": [28, 28, 1], "dtype": "float32"}, "y": {"shape": [], "dtype": "int32"},
//	 "params": ["Dense_0.kernel", {"name": "Embed_0.embedding", "filters": "first"}]}
//
// The fields weights, loss, gradient and hvp name files that are not called weights.npz (or .safetensors), loss.mlir,
// gradient.mlir and hvp.mlir.
package folder

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lossatlas/activities/hlo"
	"lossatlas/activities/weights"
)

// Manifest is the name of the file that makes a folder a network.
const Manifest = "model.json"

// Is says whether a path is a folder with a manifest.
func Is(path string) bool {
	info, err := os.Stat(filepath.Join(path, Manifest))
	return err == nil && info.Mode().IsRegular()
}

// Limits of the sizes of files in bytes. Those of the weights are as large as the parameters.
const (
	maxManifest = 16 << 20
	maxProgram  = 512 << 20
)

// manifest is what model.json says.
type manifest struct {
	Version  int       `json:"version"`
	Batch    int       `json:"batch"`
	X        hlo.Value `json:"x"`
	Y        hlo.Value `json:"y"`
	Score    bool      `json:"score"`
	Params   []named   `json:"params"`
	Buffers  []named   `json:"buffers"`
	Weights  string    `json:"weights"`
	Loss     string    `json:"loss"`
	Gradient string    `json:"gradient"`
	HVP      string    `json:"hvp"`
}

// named is a parameter or buffer: its name, or an object that says more.
type named struct {
	Name    string `json:"name"`
	Filters string `json:"filters"`
}

// UnmarshalJSON reads both forms.
func (n *named) UnmarshalJSON(b []byte) error {
	if strings.HasPrefix(string(b), "{") {
		type object named
		return hlo.Strict(b, (*object)(n))
	}
	if err := json.Unmarshal(b, &n.Name); err != nil {
		return errors.New(`a parameter or buffer is a name, or {"name": NAME, "filters": "last", "first" or "none"}`)
	}
	return nil
}

// Read reads a folder, and its weights by the names of parameters and buffers. Errors name the file, and the field of the manifest.
func Read(path string) (*hlo.Program, map[string][]float32, error) {
	b, err := read(path, Manifest, maxManifest)
	if err != nil {
		return nil, nil, err
	}
	m, err := parse(b)
	if err != nil {
		return nil, nil, err
	}
	p := &hlo.Program{Version: m.Version, Batch: m.Batch, X: m.X, Y: m.Y, Score: m.Score}
	p.X.Shape, p.Y.Shape = append([]int{}, p.X.Shape...), append([]int{}, p.Y.Shape...) // one form of none, for the digest
	if err := m.readPrograms(path, p); err != nil {
		return nil, nil, err
	}
	values, err := m.readWeights(path, p)
	if err != nil {
		return nil, nil, err
	}
	if _, err = p.Encode(); err != nil {
		return nil, nil, m.place(err)
	}
	return p, values, nil
}

// parse reads the manifest. The rest of its checks need the other files.
func parse(b []byte) (m manifest, err error) {
	if err = hlo.Strict(b, &m); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field != "" {
			err = fmt.Errorf("%s: a JSON value of the type %s stands where another is expected", kind.Field, kind.Value)
		}
		return m, fmt.Errorf("%s: %s", Manifest, strings.TrimPrefix(err.Error(), "json: "))
	}
	if m.Version != hlo.Version {
		return m, fmt.Errorf("%s: version: %d is not supported; this program reads version %d", Manifest, m.Version, hlo.Version)
	}
	return m, nil
}

// function is a program of the folder: its file, which may be missing, and its place.
type function struct {
	name, given string
	optional    bool
	code        *[]byte
}

func (m manifest) functions(p *hlo.Program) []function {
	return []function{{"loss", m.Loss, false, &p.Loss}, {"gradient", m.Gradient, true, &p.Gradient}, {"hvp", m.HVP, true, &p.HVP}}
}

func (f function) file() string { return cmp.Or(f.given, f.name+".mlir") }

func (m manifest) readPrograms(path string, p *hlo.Program) error {
	for _, f := range m.functions(p) {
		b, err := read(path, f.file(), maxProgram)
		if f.optional && f.given == "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		*f.code = b
	}
	return nil
}

// readWeights reads parameters and buffers, and takes their shapes from there.
func (m manifest) readWeights(path string, p *hlo.Program) (map[string][]float32, error) {
	file := m.Weights
	if file == "" {
		if file = "weights.npz"; check(path, file) != nil && check(path, "weights.safetensors") == nil {
			file = "weights.safetensors"
		}
	}
	if err := check(path, file); err != nil {
		return nil, err
	}
	var names []string
	for _, n := range slices.Concat(m.Params, m.Buffers) {
		names = append(names, strings.ReplaceAll(n.Name, "/", "."))
	}
	tensors, err := weights.Tensors(filepath.Join(path, file), names)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	values := map[string][]float32{}
	for i, n := range slices.Concat(m.Params, m.Buffers) {
		values[names[i]] = tensors[i].Data
		t := hlo.Tensor{Name: names[i], Shape: append([]int{}, tensors[i].Shape...), Filters: n.Filters}
		if i < len(m.Params) {
			p.Params = append(p.Params, t)
		} else {
			p.Buffers = append(p.Buffers, t)
		}
	}
	return values, nil
}

// place names the file that a fault of the program comes from.
func (m manifest) place(err error) error {
	var field *hlo.FieldError
	if errors.As(err, &field) {
		for _, f := range m.functions(&hlo.Program{}) {
			if f.name == field.Field {
				return fmt.Errorf("%s: %w", f.file(), field.Err)
			}
		}
	}
	return fmt.Errorf("%s: %w", Manifest, err)
}

// check returns an error unless a file of the folder can be read.
func check(folder, name string) error {
	if name != filepath.Base(name) || !filepath.IsLocal(name) {
		return fmt.Errorf("%s: %q is not the name of a file in the folder", Manifest, name)
	}
	info, err := os.Stat(filepath.Join(folder, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is missing in the folder: %w", name, fs.ErrNotExist)
	case err != nil:
		return fmt.Errorf("%s can't be read: %w", name, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", name)
	}
	return nil
}

// read reads a file of the folder.
func read(folder, name string, limit int64) ([]byte, error) {
	if err := check(folder, name); err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", name, err)
	}
	return b, nil
}
