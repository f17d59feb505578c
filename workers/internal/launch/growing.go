package launch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/exit"
)

// Checkpoint is weights of a training elsewhere, which are in the store.
type Checkpoint struct {
	// Name is the path of the file below the watched folder; later contents of the same file have a note behind it.
	Name    string
	Weights artifacts.Digest
}

// importPath is the parameter that the experiments of a growing sweep differ in.
const importPath = "train.import"

// Growing is a sweep file that gets an experiment for each checkpoint of a training elsewhere.
type Growing struct {
	// Weights says how files of weights are read: the network, and the rules for their names.
	Weights sweepfile.Import
	// Sweep is its name, Data its examples.
	Sweep string
	Data  sweepfile.DataChoices

	file, folder string
	src          []byte
}

var hasSweep = regexp.MustCompile(`(?m)^(sweep|repeats)\s*:`)

// ReadGrowing reads the sweep file, which describes network, examples and maps of one experiment.
func ReadGrowing(file string) (*Growing, error) {
	g := &Growing{file: file}
	var err error
	if g.folder, g.src, err = readSource(file); err != nil {
		return nil, err
	}
	if key := hasSweep.FindSubmatch(g.src); key != nil {
		return nil, exit.Usagef("%s varies parameters itself; leave %s out, as the checkpoints are the experiments", file, key[1])
	}
	s, err := g.With([]Checkpoint{{Name: "checkpoint"}})
	if err != nil {
		return nil, err
	}
	g.Sweep, g.Data = s.Name, s.Dataset
	for _, i := range s.Imports() {
		if !i.Directions {
			g.Weights = i
		}
	}
	if g.Weights.Expect != "" {
		return nil, exit.Usagef("%s: train.expect has the outputs of one checkpoint; leave it out", file)
	}
	return g, nil
}

// With is the sweep with the checkpoints in their order. Their weights are those in the store.
func (g *Growing) With(checkpoints []Checkpoint) (*sweepfile.Sweep, error) {
	var src bytes.Buffer
	fmt.Fprintf(&src, "%s\n\n# The checkpoints, added by `lossatlas watch-folder`.\nsweep:\n  %s:\n", bytes.TrimRight(g.src, "\n"), importPath)
	stored := make(map[string]artifacts.Digest, len(checkpoints))
	for _, c := range checkpoints {
		fmt.Fprintf(&src, "    - %q\n", c.Name)
		stored[c.Name] = c.Weights
	}
	cat := catalogAt(g.folder)
	read := cat.NetworkOfFile
	cat.CheckWeights = nil
	cat.NetworkOfFile = func(path string, _ []string) (pipelines.Network, error) { return read(path, nil) } // checkpoints may be gone
	s, err := sweepfile.Parse(g.file, src.Bytes(), cat, "")
	if err != nil {
		return nil, err
	}
	s.Folder, s.Source, s.Stored = g.folder, src.Bytes(), stored
	return s, nil
}

// Recorded lists the checkpoints of this network in the record of the sweep's last run, in its order.
func (g *Growing) Recorded(ctx context.Context, store *artifacts.Store) (out []Checkpoint, err error) {
	root, err := store.Root(ctx, g.Sweep)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	graph, err := results.Graph(ctx, store, root)
	if err != nil {
		return nil, err
	}
	for _, e := range graph.Experiments {
		name, ok := e.Params[importPath].(string)
		for _, step := range e.Steps {
			if !ok || step.Kind != pipelines.KindImport {
				continue
			}
			var p pipelines.ImportParams
			if err := json.Unmarshal(step.Params, &p); err != nil {
				return nil, fmt.Errorf("step %s: parameters: %w", step.ID, err)
			}
			if d, err := artifacts.ParseDigest(p.Weights); err == nil && p.Net == g.Weights.Net {
				out = append(out, Checkpoint{Name: name, Weights: d})
			}
		}
	}
	return out, nil
}
