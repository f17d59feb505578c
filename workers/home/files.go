package home

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteJSON replaces a file of the home atomically, with mode 0600.
func (h *Home) WriteJSON(path string, v any) error { return h.replaceFile(path, encode(v)) }

// ReadJSON reads a file into v. The error is fs.ErrNotExist where it is absent, and names the file where it is damaged.
func ReadJSON(path string, v any) error {
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

// once returns the content of a file of mode 0600, which fresh makes at the first call. Concurrent processes get the same
// content.
func (h *Home) once(path string, fresh func() ([]byte, error)) ([]byte, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		data, err := fresh()
		if err != nil {
			return nil, err
		}
		if err := h.createFile(path, data); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, h.explain("protect "+path+" in the home", err)
	}
	return os.ReadFile(path)
}

// replaceFile writes a file next to path and renames it: readers, and a crash, see the old content or the new.
func (h *Home) replaceFile(path string, data []byte) error {
	return h.install(path, data, os.Rename)
}

// createFile is replaceFile for a new file. The error is fs.ErrExist where another process made it first.
func (h *Home) createFile(path string, data []byte) error {
	return h.install(path, data, os.Link)
}

// install writes data to a temporary file, and to the disk, which move then gives its name.
func (h *Home) install(path string, data []byte, move func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return h.explain("write in the home", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return h.explain("write in the home", err)
	}
	switch err := move(f.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return fs.ErrExist
	case err != nil:
		return h.explain("write "+path+" in the home", err)
	}
	return nil
}
