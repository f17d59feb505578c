package export_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/artifacts"
	"lossatlas/workers/internal/export"
)

// files lists what a folder has, with slashes.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func document(t *testing.T, dir string) export.Document {
	t.Helper()
	var d export.Document
	b, err := os.ReadFile(filepath.Join(dir, export.DocumentName))
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestUnwritable: the error names the folder, the reason and what to do.
func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	file, readOnly := filepath.Join(dir, "file"), filepath.Join(dir, "read-only")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	s := newSample(t)
	for _, c := range []struct {
		folder, why string
		skip        bool
	}{
		{"/proc", "the system takes no files there", false},
		{"/sys", "choose another folder", false},
		{readOnly, "this user may not write there; change its owner or rights, or choose another folder", os.Getuid() == 0},
		{file, "a file stands where a folder is needed", false},
		{filepath.Join(dir, "absent"), "there is no folder " + filepath.Join(dir, "absent"), false},
	} {
		if c.skip {
			continue
		}
		path := filepath.Join(c.folder, "x.npz")
		want := func(what string, err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), c.folder) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%s: %v, want %q of %s", what, err, c.why, c.folder)
			}
		}
		want("a file", export.WriteFile(path, nil))
		want("a check", export.Check(path))
		if !strings.HasPrefix(c.why, "there is no folder") { // which an export makes
			_, err := export.Folder(t.Context(), filepath.Join(c.folder, "x"), s.sweep)
			want("a sweep", err)
		}
	}
	if err := export.Check(filepath.Join(dir, "x.npz")); err != nil {
		t.Error(err)
	}
	if left := files(t, dir); len(left) != 1 {
		t.Errorf("there are %v", left)
	}
}

// TestFolder: every output has its files with readable names, and sweep.json
// says of each what it is, as it is on the disk.
func TestFolder(t *testing.T) {
	s, dir := newSample(t), filepath.Join(t.TempDir(), "new", "folder")
	if _, err := export.Folder(t.Context(), dir, s.sweep); err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(`between/train.csv between/train.npz between/train.vts report.html sweep.json`)
	for _, name := range strings.Fields(`hessian-train.csv hessian-train.npz hessian-train.vts line-train.csv line-train.npz line-train.vts
		path-path-directions.safetensors path-path.csv path-path.json path-train.csv path-train.npz path-train.vtp path-train.vts
		spectrum-train.csv spectrum-train.npz surface-directions.safetensors surface-train-contour.pdf surface-train-contour.png
		surface-train-contour.svg surface-train.csv surface-train.npz surface-train.vts train-checkpoint-00001.safetensors
		train-log.json train-weights.safetensors`) {
		want = append(want, "lr=0.1,net=a/"+name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	d := document(t, dir)
	if !d.Complete || d.Format != export.Format || d.Title != "A sweep" || d.SweepFile == nil || d.SweepFile.Text != source || d.SweepFile.Preset != "tiny" {
		t.Errorf("the document says %+v of a sweep file %+v", d, d.SweepFile)
	}
	if len(d.Experiments) != 1 || *d.Experiments[0].TestError != 10 || d.Experiments[0].Params["train.optimizer.lr"] != 0.1 {
		t.Errorf("experiments %+v", d.Experiments)
	}
	if len(d.Comparisons) != 1 || d.Comparisons[0].State != "done" || !slices.Equal(d.Comparisons[0].Between, []string{"one", "two"}) {
		t.Errorf("comparisons %+v", d.Comparisons)
	}
	if len(d.Files) != len(want)-1 {
		t.Errorf("%d files are listed, %d are there", len(d.Files), len(want)-1)
	}
	steps := map[string]export.Step{}
	for _, step := range d.Steps {
		steps[step.ID] = step
		if step.Recipe == nil || step.Made == nil || step.Key == "" {
			t.Errorf("step %s has no provenance", step.ID)
		}
	}
	for _, f := range d.Files {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err != nil {
			t.Fatal(err)
		}
		if artifacts.Of(b) != f.Digest || int64(len(b)) != f.Bytes || steps[f.Step].Outputs[f.Output].Digest != f.From {
			t.Errorf("%s is listed as %+v", f.Path, f)
		}
	}
}

// TestFolderAgain: an export that was killed continues, with what it has; one
// that is repeated writes nothing; one of a sweep that has changed leaves nothing of the old one.
func TestFolderAgain(t *testing.T) {
	s, dir := newSample(t), t.TempDir()
	whole := t.TempDir()
	if _, err := export.Folder(t.Context(), whole, s.sweep); err != nil {
		t.Fatal(err)
	}
	all := s.gets
	ctx, kill := context.WithCancel(t.Context())
	s.gets, s.after, s.kill = 0, all/2, kill
	if _, err := export.Folder(ctx, dir, s.sweep); !errors.Is(err, context.Canceled) {
		t.Fatalf("the killed export ended with %v", err)
	}
	some := files(t, dir)
	if len(some) < 5 || len(some) >= len(files(t, whole)) || document(t, dir).Complete {
		t.Fatalf("the killed export left %d files, complete: %v", len(some), document(t, dir).Complete)
	}
	half := filepath.Join(dir, ".surface.npz.part-123")
	if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.gets, s.after = 0, 0
	if _, err := export.Folder(t.Context(), dir, s.sweep); err != nil {
		t.Fatal(err)
	}
	if s.gets >= all {
		t.Errorf("the second export fetched %d times, as many as one from the start (%d)", s.gets, all)
	}
	if diff := cmp.Diff(files(t, whole), files(t, dir)); diff != "" {
		t.Errorf("after the second export (-want +got):\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(dir, "report.html"), []byte("<ht"), 0o600); err != nil { // damaged since
		t.Fatal(err)
	}
	before := info(t, dir, "lr=0.1,net=a/train-weights.safetensors")
	if _, err := export.Folder(t.Context(), dir, s.sweep); err != nil {
		t.Fatal(err)
	}
	if after := info(t, dir, "lr=0.1,net=a/train-weights.safetensors"); !after.ModTime().Equal(before.ModTime()) {
		t.Error("a file that was right was written again")
	}
	for _, name := range files(t, whole) {
		a, b := must(os.ReadFile(filepath.Join(whole, name))), must(os.ReadFile(filepath.Join(dir, name)))
		if string(a) != string(b) {
			t.Errorf("%s differs from that of an export at one go", name)
		}
	}
	mine := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.sweep.Graph.Final = s.sweep.Graph.Final[1:]
	delete(s.sweep.Steps, "between/train")
	d, err := export.Folder(t.Context(), dir, s.sweep)
	if err != nil || !slices.Contains(d.Removed, "between/train.npz") {
		t.Fatalf("removed %v, %v", d, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "between")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder of the removed comparison: %v", err)
	}
	if got := files(t, dir); slices.Contains(got, "between/train.npz") || !slices.Contains(got, "notes.txt") {
		t.Errorf("after the comparison is gone there are %v", got)
	}
}

func info(t *testing.T, dir, name string) os.FileInfo {
	t.Helper()
	i, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestWithout: what is left out is said, and goes from a folder that had it.
func TestWithout(t *testing.T) {
	s, dir := newSample(t), t.TempDir()
	if _, err := export.Folder(t.Context(), dir, s.sweep); err != nil {
		t.Fatal(err)
	}
	all := len(files(t, dir))
	s.sweep.Without = export.Large
	if _, err := export.Folder(t.Context(), dir, s.sweep); err != nil {
		t.Fatal(err)
	}
	left := files(t, dir)
	if len(left) >= all {
		t.Errorf("%d files, %d before", len(left), all)
	}
	for _, name := range left {
		if strings.HasSuffix(name, ".safetensors") {
			t.Errorf("%s is still there", name)
		}
	}
	if d := document(t, dir); !slices.Equal(d.Without, export.Large) || len(d.Files) != len(left)-1 {
		t.Errorf("sweep.json says that %v are left out and has %d files", d.Without, len(d.Files))
	}
}

// TestForeignFolder: what is not an export of the sweep is left alone.
func TestForeignFolder(t *testing.T) {
	s := newSample(t)
	for name, content := range map[string]string{
		"thesis.tex": "x", export.DocumentName: `{"format": "lossatlas-sweep/1", "sweep": "other"}`, "sweep.JSON": "{}",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var foreign *export.ForeignError
		if _, err := export.Folder(t.Context(), dir, s.sweep); !errors.As(err, &foreign) || len(files(t, dir)) != 1 {
			t.Errorf("a folder with %s: %v, and %v", name, err, files(t, dir))
		}
		if _, err := export.Folder(t.Context(), filepath.Join(dir, name), s.sweep); !errors.As(err, &foreign) {
			t.Errorf("a file in place of the folder: %v", err)
		}
	}
}

// TestUnfinishedFolder: what there is is written, and the rest is listed. A name that leads elsewhere is refused.
func TestUnfinishedFolder(t *testing.T) {
	s, dir := newSample(t), t.TempDir()
	st := s.sweep.Steps["lr=0.1,net=a/path-train"]
	st.State, st.Outputs = artifacts.StateRunning, nil
	s.sweep.Steps["lr=0.1,net=a/path-train"] = st
	d, err := export.Folder(t.Context(), dir, s.sweep)
	if err != nil {
		t.Fatal(err)
	}
	if u := d.Unfinished(); len(u) != 1 || u[0].ID != "lr=0.1,net=a/path-train" || u[0].State != "running" {
		t.Errorf("unfinished: %+v", u)
	}
	if got := files(t, dir); !slices.Contains(got, "lr=0.1,net=a/path-path.vtp") {
		t.Errorf("the path without its surface is not there: %v", got)
	}
	s.sweep.Steps["../../evil"] = s.sweep.Steps["report"]
	if _, err := export.Folder(t.Context(), dir, s.sweep); err == nil || !strings.Contains(err.Error(), "leads out of the folder") {
		t.Errorf("a step with a name that leads elsewhere: %v", err)
	}
}
