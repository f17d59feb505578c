// Package launch reads a sweep file, plans its steps, and starts its workflow.
package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lossatlas/activities/data"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/pipelines/syntax"
	"lossatlas/workers/internal/exit"
)

// maxFile is the maximum size of a sweep file in bytes.
const maxFile = 4 << 20

// Read reads and checks a sweep file and applies a preset, if not "". Mistakes in the file are a syntax.Errors.
func Read(file, preset string) (*sweepfile.Sweep, error) {
	folder, src, err := readSource(file)
	if err != nil {
		return nil, err
	}
	s, err := sweepfile.Parse(file, src, catalogAt(folder), preset)
	if missing := (*sweepfile.PresetError)(nil); errors.As(err, &missing) {
		return nil, exit.Usagef("--preset: %w", err)
	}
	if err != nil {
		return nil, err
	}
	s.Folder, s.Source = folder, src
	return s, nil
}

// nearbyFile suggests the sweep file of a name without its ending or folder.
func nearbyFile(name string) string {
	for _, file := range []string{name + ".yaml", filepath.Join("pipelines", name+".yaml"), filepath.Join("pipelines", name)} {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return "; did you mean " + file + "?"
		}
	}
	if syntax.NameForm.MatchString(name) && filepath.Ext(name) == "" {
		return fmt.Sprintf(": name a file, such as %s.yaml; `lossatlas show %s` prints the results of a sweep that ran", name, name)
	}
	return similarFile(name)
}

// similarFile suggests another file of the folder for a path that does not exist, or another name.
func similarFile(path string, names ...string) string {
	entries, _ := os.ReadDir(filepath.Dir(path)) // a folder that can't be read has none
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return syntax.DidYouMean(filepath.Base(path), names)
}

// readSource is the text of a sweep file and the absolute path of its folder.
func readSource(file string) (folder string, src []byte, err error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, exit.Usagef("there is no sweep file %s%s", file, nearbyFile(file))
	case err != nil:
		return "", nil, exit.Usagef("the sweep file %s can't be read: %w", file, err)
	case info.IsDir():
		return "", nil, exit.Usagef("%s is a folder; name a sweep file in it", file)
	case info.Size() > maxFile:
		return "", nil, exit.Usagef("%s has %d bytes: this is no sweep file", file, info.Size())
	}
	if src, err = os.ReadFile(file); err != nil {
		return "", nil, exit.Usagef("the sweep file %s can't be read: %w", file, err)
	}
	if isPlan(src) {
		return "", nil, exit.Usagef("%s is a plan, not a sweep file: `lossatlas run %s` runs it", file, file)
	}
	folder, err = filepath.Abs(filepath.Dir(file)) // services may change the working directory later
	return folder, src, err
}

// maxRecorded is the maximum size in bytes of a recorded sweep file, which is part of the workflow's history.
const maxRecorded = 256 << 10

// File is the sweep's file for its record, nil if it is too long.
func File(s *sweepfile.Sweep) *artifacts.RootFile {
	if len(s.Source) > maxRecorded {
		return nil
	}
	return &artifacts.RootFile{Name: filepath.Base(s.File), Preset: s.Preset, Text: string(s.Source)}
}

// Fetching receives the progress of a download in bytes.
type Fetching func(done, total int64)

// Expand makes the graph of a sweep for the data on this machine. An absent data set is downloaded if fetch is not nil.
func Expand(ctx context.Context, s *sweepfile.Sweep, where data.Options, fetch Fetching) (*pipelines.Graph, error) {
	src, digest, err := source(ctx, s, where, fetch)
	if err != nil {
		return nil, err
	}
	if err := resolve(s, func([]byte) error { return nil }); err != nil {
		return nil, err
	}
	g, err := s.Expand(digest)
	if err != nil {
		return nil, err
	}
	return g, check(g, src)
}

// Check is Expand for a file that is only checked: nothing is downloaded. Without the data set on this machine all but its
// sizes is checked, and missing is true.
func Check(ctx context.Context, s *sweepfile.Sweep, where data.Options) (g *pipelines.Graph, missing bool, err error) {
	g, err = Expand(ctx, s, where, nil)
	var absent *data.MissingError
	if !errors.As(err, &absent) {
		return g, false, err
	}
	if err := resolve(s, func([]byte) error { return nil }); err != nil {
		return nil, true, err
	}
	if g, err = s.Expand(artifacts.Of(nil).String()); err != nil { // the number of steps does not depend on the data
		return nil, true, err
	}
	return g, true, check(g, nil)
}

// source opens the data set of a sweep and returns the digest of its content.
func source(ctx context.Context, s *sweepfile.Sweep, where data.Options, fetch Fetching) (src data.Source, digest string, err error) {
	if s.Dataset.IsFile() {
		files, err := openData(s.Folder, s.Dataset)
		if err != nil {
			return nil, "", err
		}
		digest, s.DataParts, err = files.pack(func([]byte) error { return nil })
		return files, digest, err
	}
	name := s.Dataset.Name
	src, err = data.Open(name, where)
	var missing *data.MissingError
	if errors.As(err, &missing) && fetch != nil && where.Dir == "" && missing.URL != "" {
		if err := data.Fetch(ctx, name, where.Cache, data.FetchOptions{Progress: fetch}); err != nil {
			return nil, "", err
		}
		src, err = data.Open(name, where)
	}
	if err != nil {
		return nil, "", err
	}
	digest, err = src.Digest()
	return src, digest, err
}

// check refuses, before any training, steps that need more examples than the data set has, and networks that don't fit them.
// Without a source no sizes are checked.
func check(g *pipelines.Graph, src data.Source) error {
	type use struct {
		net     pipelines.Network
		problem pipelines.Problem
	}
	built := map[use]bool{}
	for _, p := range g.All() {
		if p.Step.Kind != pipelines.KindTrain && p.Step.Kind != pipelines.KindImport {
			continue // maps look at subsets of what trainings use
		}
		var t struct {
			Net  pipelines.Network
			Data pipelines.TrainData
		}
		if err := json.Unmarshal(p.Step.Params, &t); err != nil {
			return fmt.Errorf("step %s: parameters: %w", p.Step.ID, err)
		}
		if with := (use{t.Net, t.Data.Problem}); !built[with] {
			if _, err := build(t.Net, t.Data.Problem); err != nil {
				return exit.With(exit.Usage, err)
			}
			built[with] = true
		}
		if src == nil {
			continue
		}
		for _, use := range []struct {
			split string
			want  int
		}{{data.Train, t.Data.Train}, {data.Test, t.Data.Test}} {
			size, err := src.Size(use.split)
			if err != nil {
				return err
			}
			if use.want > size {
				_, err := src.Load(use.split, 0, use.want)
				return exit.With(exit.Usage, err)
			}
		}
	}
	return nil
}
