package export

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Opened is a sweep that was exported, with its results read from the files of its folder.
type Opened struct {
	Document
	Results results.Sweep
}

// Open reads the folder of a finished export. It fails with [fs.ErrNotExist] for a missing folder, and with *[NewerError].
func Open(dir string) (*Opened, error) {
	name := filepath.Join(dir, DocumentName)
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	o := &Opened{}
	if err := json.Unmarshal(b, &o.Document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := refuseNewer(dir, o.Format, o.Program); err != nil {
		return nil, err
	}
	if o.Format != Format || !o.Complete {
		return nil, fmt.Errorf("%s is not a complete export of a sweep: give `lossatlas export sweep` again", dir)
	}
	files := folderStore{paths: map[artifacts.Digest]string{}}
	o.Results = results.Sweep{Store: files, Graph: &pipelines.Graph{Sweep: o.Sweep, Title: o.Title}, Steps: map[string]artifacts.RootStep{}}
	for _, s := range o.Steps {
		o.Results.Steps[s.ID] = artifacts.RootStep{Kind: s.Kind, State: s.State, Error: s.Error, Outputs: map[string]artifacts.Blob{}}
	}
	for _, f := range o.Files {
		if f.Digest == f.From { // written unchanged
			files.paths[f.Digest] = filepath.Join(dir, filepath.FromSlash(f.Path))
			o.Results.Steps[f.Step].Outputs[f.Output] = artifacts.Blob{Digest: f.Digest, Size: f.Bytes}
		}
	}
	return o, nil
}

// folderStore reads blobs from the files of a folder. It has no records of steps.
type folderStore struct {
	results.Store
	paths map[artifacts.Digest]string
}

// Get returns the content of a file, which it verifies.
func (f folderStore) Get(_ context.Context, d artifacts.Digest) ([]byte, error) {
	b, err := os.ReadFile(f.paths[d])
	if err == nil && artifacts.Of(b) != d {
		err = fmt.Errorf("%s has changed since the export: give `lossatlas export sweep` again", f.paths[d])
	}
	return b, err
}
