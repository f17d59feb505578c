package pt2

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
)

// Limits of the reader.
const (
	maxModel  = 256 << 20 // bytes of the description of the model
	maxConfig = 64 << 20  // bytes of each table of tensors
	maxFiles  = 1 << 20
)

// archive is the zip file, whose members lie in a folder of any name.
type archive struct {
	files  map[string]*zip.File
	top    string
	model  string // the member that describes the model
	budget int64  // bytes that may still be read
}

// openArchive finds the folder of the model.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("it is no zip archive: write it with torch.export.save (%w)", err)
	}
	if len(z.File) > maxFiles {
		return nil, fmt.Errorf("it has %d members; at most %d are allowed", len(z.File), maxFiles)
	}
	a := &archive{files: map[string]*zip.File{}, budget: 4 * size}
	for _, f := range z.File {
		a.files[f.Name] = f
		switch {
		case isModel(f.Name) && a.model == "":
			a.model = f.Name
		case isModel(f.Name):
			return nil, fmt.Errorf("it has several models, %s and %s: save one alone", a.model, f.Name)
		case path.Base(f.Name) == "serialized_exported_program.json":
			return nil, fmt.Errorf("it was written by PyTorch 2.7 or earlier: export it again with a newer version, as in %s", exportLine)
		case path.Base(f.Name) == "data.pkl":
			return nil, fmt.Errorf("it is a checkpoint or a TorchScript archive, not an exported model: write one with %s", exportLine)
		}
	}
	if a.model == "" {
		return nil, fmt.Errorf("it has no models/model.json: write it with %s", exportLine)
	}
	a.top = strings.TrimSuffix(path.Dir(a.model), "models")
	return a, nil
}

// isModel reports whether a member describes a model.
func isModel(name string) bool {
	return path.Base(path.Dir(name)) == "models" && path.Ext(name) == ".json"
}

// json reads a member of at most limit bytes into v. A missing one leaves v unchanged.
func (a *archive) json(name string, limit uint64, v any) error {
	f, ok := a.files[name]
	if !ok {
		return nil
	}
	if f.UncompressedSize64 > limit {
		return fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	b, err := a.bytes(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s is not as torch.export.save writes it: %w", name, err)
	}
	return nil
}

// bytes reads a member. PyTorch stores them uncompressed, so that no member is
// larger than the file; all that is read together is at most a few times as large.
func (a *archive) bytes(name string) ([]byte, error) {
	f, ok := a.files[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("the member %s is missing", name)
	case f.Method != zip.Store || f.UncompressedSize64 != f.CompressedSize64:
		return nil, fmt.Errorf("the member %s is compressed: write the file with torch.export.save", name)
	case f.UncompressedSize64 > uint64(a.budget):
		return nil, fmt.Errorf("the member %s lies outside the file, or members are read too often", name)
	}
	a.budget -= int64(f.UncompressedSize64)
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}
