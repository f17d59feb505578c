package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/home"
)

// DocumentName is the file that marks a folder as an export of this program.
const DocumentName = "sweep.json"

// ForeignError reports a folder that is not empty and not an export of the sweep.
type ForeignError struct{ Dir, Sweep string }

// Error says what to do.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s is neither empty nor an export of sweep %s, so nothing is written there: name another folder", e.Dir, e.Sweep)
}

// Folder writes all results of a sweep into a folder, each file atomically,
// and at the end sweep.json, which lists them. In a folder with an export of the
// same sweep, finished or not, only differences are written, and files
// of the earlier export that the sweep no longer has are removed.
func Folder(ctx context.Context, dir string, s Sweep) (*Document, error) {
	before, err := open(dir, s.Root.Sweep)
	if err != nil {
		return nil, err
	}
	d, err := Describe(ctx, s)
	if err != nil {
		return nil, err
	}
	begun := *d
	begun.Files = before
	if err := begun.write(dir); err != nil {
		return nil, err
	}
	w := &writer{ctx: ctx, store: s.Store, dir: dir, graph: s.Graph, without: s.Without, steps: map[string]Step{}, taken: map[string]bool{DocumentName: true}}
	for _, step := range d.Steps {
		w.steps[step.ID] = step
	}
	for _, step := range d.Steps {
		if err := w.step(step); err != nil {
			return nil, err
		}
	}
	d.Files = append(d.Files, w.files...)
	for _, old := range before {
		local := filepath.FromSlash(old.Path)
		if w.taken[strings.ToLower(old.Path)] || !filepath.IsLocal(local) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, local)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		d.Removed = append(d.Removed, old.Path)
		for local = filepath.Dir(local); local != "."; local = filepath.Dir(local) {
			if os.Remove(filepath.Join(dir, local)) != nil { // it is not empty
				break
			}
		}
	}
	d.Complete = true
	return d, d.write(dir)
}

// open makes the folder, or checks that it may be written to, and
// removes half-written files of a killed export. It returns the files that its sweep.json lists.
func open(dir, sweep string) ([]File, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, &ForeignError{Dir: dir, Sweep: sweep}
	}
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return isPart(e.Name()) })
	files := []File{}
	if len(entries) > 0 {
		var old struct {
			Format, Program, Sweep string
			Files                  []File
		}
		b, err := os.ReadFile(filepath.Join(dir, DocumentName))
		if err != nil || json.Unmarshal(b, &old) != nil || !strings.HasPrefix(old.Format, strings.TrimRight(Format, "0123456789")) || old.Sweep != sweep {
			return nil, &ForeignError{Dir: dir, Sweep: sweep}
		}
		if err := refuseNewer(dir, old.Format, old.Program); err != nil {
			return nil, err
		}
		files = append(files, old.Files...)
	}
	return files, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && isPart(e.Name()) {
			return os.Remove(name)
		}
		return err
	})
}

func (d *Document) write(dir string) error {
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(filepath.Join(dir, DocumentName), append(b, '\n'))
}

// writer writes the files of one sweep.
type writer struct {
	ctx     context.Context
	store   results.Store
	dir     string
	graph   *pipelines.Graph
	steps   map[string]Step
	without []string
	files   []File
	taken   map[string]bool // paths, in lower case
}

// Large are the kinds of files that an export may leave out: those with a number for each weight of a network.
var Large = []string{"weights", "checkpoints", "directions", "eigenvectors"}

// large is which of Large an output is, "" for others.
func large(output string) string {
	switch {
	case IsCheckpoint(output):
		return "checkpoints"
	case slices.Contains(Large, output):
		return output
	}
	return ""
}

// step writes the outputs of one step.
func (w *writer) step(s Step) error {
	for _, output := range slices.Sorted(maps.Keys(s.Outputs)) {
		if kind := large(output); kind != "" && slices.Contains(w.without, kind) {
			continue
		}
		stem := s.ID
		if !namedByStep(s.Kind, output) {
			stem += "-" + output
		}
		exts := Forms(output)
		switch output {
		case pipelines.OutDirections, pipelines.OutEigenvectors:
			exts = exts[:1] // one form of large files is enough
		case pipelines.OutPath:
			exts = slices.DeleteFunc(exts, func(ext string) bool { return ext == ".vtp" })
		}
		stored, err := w.stored(s, output, stem+exts[0])
		if err != nil {
			return err
		}
		for _, ext := range exts[1:] {
			b, err := As(output, stored, ext)
			if err != nil {
				return fmt.Errorf("%s: %w", s.ID, err)
			}
			if err := w.put(s, output, stem+ext, b); err != nil {
				return err
			}
		}
		if output == pipelines.OutPath {
			if err := w.tracks(s, stored); err != nil {
				return err
			}
		}
	}
	return nil
}

// namedByStep says whether the files of an output are named after its step alone.
func namedByStep(kind, output string) bool {
	switch output {
	case pipelines.OutWeights, pipelines.OutLog:
		return false
	case pipelines.OutDirections:
		return pipelines.Kind(kind) != pipelines.KindTrajectory
	}
	_, picture := plain[output]
	_, numbers := forms[output]
	return picture || numbers
}

// tracks writes a path for VTK next to each of its surfaces, or alone if it has no surface.
func (w *writer) tracks(s Step, path []byte) error {
	written := false
	for _, id := range surfacesOf(w.graph, s.ID) {
		grid, ok := w.steps[id].Outputs[pipelines.OutGrid]
		if !ok {
			continue
		}
		b, err := w.store.Get(w.ctx, grid.Digest)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		if b, err = Track(path, b); err != nil {
			return fmt.Errorf("%s: %w", s.ID, err)
		}
		if err := w.put(s, pipelines.OutPath, id+".vtp", b); err != nil {
			return err
		}
		written = true
	}
	if written {
		return nil
	}
	b, err := Track(path, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", s.ID, err)
	}
	return w.put(s, pipelines.OutPath, s.ID+".vtp", b)
}

// stored writes an output unchanged, and returns it. Files that the folder has
// already are not fetched.
func (w *writer) stored(s Step, output, name string) ([]byte, error) {
	blob := s.Outputs[output]
	b, err := os.ReadFile(filepath.Join(w.dir, filepath.FromSlash(name)))
	if err != nil || artifacts.Of(b) != blob.Digest {
		if b, err = w.store.Get(w.ctx, blob.Digest); err != nil {
			return nil, fmt.Errorf("%s of %s: %w", output, s.ID, err)
		}
	}
	return b, w.put(s, output, name, b)
}

// put writes one file, unless the folder has it already.
func (w *writer) put(s Step, output, name string, b []byte) error {
	name = path.Clean(name)
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) {
		return fmt.Errorf("step %q can't be written as a file: its name leads out of the folder", s.ID)
	}
	if w.taken[strings.ToLower(name)] {
		return fmt.Errorf("two results would be written as %s; give their maps other names in the sweep file", name)
	}
	w.taken[strings.ToLower(name)] = true
	w.files = append(w.files, File{Path: name, Step: s.ID, Output: output, Bytes: int64(len(b)), Digest: artifacts.Of(b), From: s.Outputs[output].Digest})
	full := filepath.Join(w.dir, local)
	if old, err := os.ReadFile(full); err == nil && bytes.Equal(old, b) {
		return nil
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if err := makeFolder(filepath.Dir(full)); err != nil {
		return err
	}
	return WriteFile(full, b)
}

const partMark = ".part-"

func isPart(name string) bool {
	return strings.HasPrefix(name, ".") && strings.Contains(name, partMark)
}

// WriteFile replaces a file as a whole: it is never seen half-written.
func WriteFile(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// create makes the file that replaces another one when it is whole.
func create(path string) (*os.File, error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+partMark+"*")
	if err == nil {
		return f, nil
	}
	if _, absent := os.Stat(dir); errors.Is(absent, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s can't be written: there is no folder %s", path, dir)
	}
	return nil, fmt.Errorf("%s can't be written to the folder %s: %w", path, dir, explained(err))
}

// Check returns the error of WriteFile for a place where it can't make the file, before work that takes long.
func Check(path string) error {
	f, err := create(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// makeFolder makes a folder and those above it.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return explained(err)
	}
	return nil
}

// explained adds a remedy to an error of the file system.
func explained(err error) error {
	return fmt.Errorf("%w (%s)", err, home.Remedy(err, "choose another folder"))
}

// Write is WriteFile for content that is written in parts. After an error the file is unchanged.
func Write(path string, write func(io.Writer) error) (err error) {
	f, err := create(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("%s can't be written: %w", path, err)
		}
	}()
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
