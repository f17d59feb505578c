package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
	"lossatlas/activities/hlo"
	"lossatlas/activities/hlo/folder"
	"lossatlas/activities/nets"
	"lossatlas/activities/onnx"
	"lossatlas/activities/pt2"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/weights"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/exit"
)

// model is a network from a file, with the weights in it.
type model struct {
	name    string // of the file or folder
	network pipelines.Network
	program []byte               // encoded
	values  map[string][]float32 // of parameters and buffers, by their names
	notes   []string
	// layouts are the layouts of the files of weights that gave the parameters their names.
	layouts map[string]weights.Layout
}

// models are the models that this process has read, by paths, sizes and times, and by their network: *model.
var models sync.Map

// readModel reads the file or folder of a network. Where that lacks names of parameters, they are those of the first of the files of
// weights, from the last on, that has the same values.
func readModel(path string, named ...string) (*model, error) {
	key := ""
	for _, file := range append([]string{path}, named...) {
		version, err := stamp(file)
		if errors.Is(err, fs.ErrNotExist) && file == path {
			return nil, exit.Usagef("there is no model %s%s", path, similarFile(path, nets.Names()...))
		} else if err != nil && file == path {
			return nil, exit.Usagef("the network %s can't be read: %w", path, err)
		}
		key += version + "\n" // a file of weights that can't be read is reported where weights are read
	}
	if known, ok := models.Load(key); ok {
		return known.(*model), nil
	}
	m, err := openModel(path, named)
	if err != nil {
		return nil, exit.Usagef("%s: %w", path, err)
	}
	m.name = filepath.Base(path)
	known, _ := models.LoadOrStore(key, m)
	models.Store(m.network, known)
	return known.(*model), nil
}

// modelOf is the model of a network that this process has read, nil for others.
func modelOf(n pipelines.Network) *model {
	known, _ := models.Load(n)
	m, _ := known.(*model)
	return m
}

// build builds a network for a problem. Errors call one from a file by the name of the file.
func build(n pipelines.Network, of pipelines.Problem) (*nets.Net, error) {
	if m := modelOf(n); m != nil {
		return networks.Named(m.name, n, of)
	}
	return networks.Of(n, of)
}

// layoutsOf are the layouts of weights files for a network.
func layoutsOf(n pipelines.Network) map[string]weights.Layout {
	if m := modelOf(n); m != nil {
		return m.layouts
	}
	return nil
}

// stamp distinguishes versions of a file, or of the files in a folder.
func stamp(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	key := fmt.Sprint(path, info.Size(), info.ModTime().UnixNano())
	if !info.IsDir() {
		return key, nil
	}
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			key += fmt.Sprint(" ", e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return key, err
}

func openModel(path string, named []string) (*model, error) {
	if folder.Is(path) {
		return openFolder(path)
	}
	var program *aten.Program
	m := &model{}
	switch extension := strings.ToLower(filepath.Ext(path)); {
	case extension == ".pt2":
		f, err := pt2.Read(path)
		if err != nil {
			return nil, err
		}
		program, m.values, m.notes = f.Program, byName(f.Program, f.Params, f.Buffers), f.Notes
	case extension == ".onnx":
		f, err := onnx.Read(path)
		if err == nil && f.NeedsNames() {
			f, m.layouts, err = restoreNames(path, f, named)
		}
		if err != nil {
			return nil, err
		}
		program, m.values, m.notes = f.Program, byName(f.Program, f.Params, f.Buffers), f.Notes
	case slices.Contains(checkpointFiles, extension):
		return nil, fmt.Errorf("a file that ends in %s is a checkpoint, which has weights and no network (the code of TorchScript files and of pickled models is not read): write the network with torch.export.save to a file that ends in .pt2, or as ONNX; or name a built-in network and give this file as its weights, as in `lossatlas map resnet20 --weights %s --data DATA`", extension, path)
	default:
		return nil, fmt.Errorf("a network is the name of a built-in one (%s), a file that ends in .pt2 (torch.export.save) or .onnx, or a folder with StableHLO programs and a %s", strings.Join(nets.Names(), ", "), folder.Manifest)
	}
	b, err := program.Encode()
	if err != nil {
		return nil, err
	}
	return m, m.add(b)
}

// openFolder reads a network with StableHLO programs.
func openFolder(path string) (*model, error) {
	p, values, err := folder.Read(path)
	if err != nil {
		return nil, err
	}
	b, err := p.Encode()
	if err != nil {
		return nil, err
	}
	m := &model{values: values}
	return m, m.add(b)
}

// add makes the network known under its encoded program.
func (m *model) add(program []byte) (err error) {
	m.program = program
	m.network, err = networks.AddProgram(program)
	return err
}

// byName are the values of parameters and buffers by their names.
func byName(p *aten.Program, params, buffers [][]float32) map[string][]float32 {
	out := map[string][]float32{}
	for i, t := range p.Params {
		out[t.Name] = params[i]
	}
	for i, t := range p.Buffers {
		out[t.Name] = buffers[i]
	}
	return out
}

// IsModel says whether a file holds a network and not only weights.
func IsModel(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return extension == ".pt2" || extension == ".onnx" || folder.Is(path)
}

// Model describes a network in a file, as far as possible without data.
type Model struct {
	Input           []string // the shape of the input, "batch" first
	Type            string   // of its numbers
	Operations      int      // 0 if they are not counted, as in StableHLO
	MACs            int64    // multiply-adds for one example, 0 if they are not known
	Params, Buffers []nets.Param
	Notes           []string
}

// ReadModel reads the file or folder of a network.
func ReadModel(path string) (Model, error) {
	m, err := readModel(path)
	if err != nil {
		return Model{}, err
	}
	if hlo.Is(m.program) {
		return m.describe()
	}
	p, err := aten.Parse(m.program)
	if err != nil {
		return Model{}, err
	}
	shapes, err := forward.Shapes(p, 1)
	if err != nil {
		return Model{}, err
	}
	out := Model{Type: p.Input.Type, Operations: len(p.Ops), MACs: p.Cost(shapes).MACs, Notes: m.notes}
	for _, d := range p.Input.Shape {
		out.Input = append(out.Input, d.String())
	}
	out.Params, out.Buffers = nets.TensorsOf(p)
	return out, nil
}

// describe is ReadModel of StableHLO programs.
func (m *model) describe() (out Model, err error) {
	p, err := hlo.Parse(m.program)
	if err != nil {
		return out, err
	}
	out = Model{Input: []string{fmt.Sprint(p.Batch)}, Type: p.X.Type}
	for _, d := range p.X.Shape {
		out.Input = append(out.Input, fmt.Sprint(d))
	}
	if err := p.CheckHVP(); err != nil {
		out.Notes = append(out.Notes, err.Error())
	}
	out.Params, out.Buffers, err = nets.TensorsOfStableHLO(p)
	return out, err
}

// weights are those in the file, for the network that it was built to.
func (m *model) weights(n *nets.Net) (theta, state []float32, err error) {
	theta, state = make([]float32, n.NumParams()), make([]float32, n.NumState())
	for _, part := range []struct {
		table []nets.Param
		flat  []float32
	}{{n.Params(), theta}, {n.State(), state}} {
		for _, p := range part.table {
			v, ok := m.values[p.Name]
			if !ok || len(v) != p.Size {
				return nil, nil, fmt.Errorf("%s has %d numbers in the file, and its shape is %v", p.Name, len(v), p.Shape)
			}
			copy(p.Of(part.flat), v)
		}
		if err := nets.CheckFinite(part.table, part.flat); err != nil {
			return nil, nil, err
		}
	}
	return theta, state, nil
}
