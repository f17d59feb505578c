package home

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes data beside path and renames it into place, so that a
// reader sees the old content or the new, and a crash leaves one of the two.
func (h *Home) replaceFile(path string, data []byte) error {
	tmp, err := h.tempFile(path, data)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return h.explain("write "+path+" in the home", errors.Join(err, os.Remove(tmp)))
	}
	return nil
}

// createFile is replaceFile for a file that must not be there yet; when another
// process made it first the error is fs.ErrExist and that file stays.
func (h *Home) createFile(path string, data []byte) error {
	tmp, err := h.tempFile(path, data)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, path); errors.Is(err, fs.ErrExist) {
		return fs.ErrExist
	} else if err != nil {
		return h.explain("write "+path+" in the home", err)
	}
	return nil
}

// tempFile writes data (mode 0600) to a new file in the folder of path, and to
// the disk.
func (h *Home) tempFile(path string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return "", h.explain("write in the home", err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return "", h.explain("write in the home", errors.Join(err, os.Remove(f.Name())))
	}
	return f.Name(), nil
}

// readJSON fills v from the file; fs.ErrNotExist when there is none, and an
// error that names the file when its content is not what it should be.
func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s is damaged: %w", path, err)
	}
	return nil
}

func encode(v any) []byte {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // plain structs of strings and numbers
	}
	return append(data, '\n')
}
