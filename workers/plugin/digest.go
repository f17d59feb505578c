package plugin

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lossatlas/artifacts"
	"lossatlas/workers/home"
)

// seen is a file whose digest is known; it is the same file as long as its
// path, size and time of change are.
type seen struct {
	Path     string           `json:"path"`
	Size     int64            `json:"size"`
	Modified int64            `json:"modified_unix_nano"`
	Digest   artifacts.Digest `json:"digest"`
}

// Digest returns the SHA-256 of a plugin, which is part of the key of what is
// computed with it. A plugin of 200 MB takes half a second to hash, so the home
// remembers the digest together with the file's path, size and time of change.
func Digest(path string, h *home.Home) (artifacts.Digest, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return artifacts.Digest{}, fmt.Errorf("plugin %s: %w", path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return artifacts.Digest{}, fmt.Errorf("open the plugin: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return artifacts.Digest{}, fmt.Errorf("plugin %s: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return artifacts.Digest{}, fmt.Errorf("plugin %s is not a file", path)
	}
	now := seen{Path: path, Size: info.Size(), Modified: info.ModTime().UnixNano()}
	memory := h.Path("plugins", "digests.json")
	known := recall(memory)
	for _, k := range known {
		if k.Path == now.Path && k.Size == now.Size && k.Modified == now.Modified {
			return k.Digest, nil
		}
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return artifacts.Digest{}, fmt.Errorf("read the plugin %s: %w", path, err)
	}
	copy(now.Digest[:], sum.Sum(nil))
	remember(h, memory, append(without(known, path), now))
	return now.Digest, nil
}

// recall returns what is remembered; a file that is absent or damaged only
// means that nothing is.
func recall(memory string) []seen {
	data, err := os.ReadFile(memory)
	if err != nil {
		return nil
	}
	var known []seen
	if json.Unmarshal(data, &known) != nil {
		return nil
	}
	return known
}

// remember replaces the memory. It is only a memory: when it can't be written,
// the next caller hashes again.
func remember(h *home.Home, memory string, known []seen) {
	data, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		return
	}
	dir, err := h.Folder("plugins")
	if err != nil {
		return
	}
	f, err := os.CreateTemp(dir, ".digests-*")
	if err != nil {
		return
	}
	_, err = f.Write(data)
	if cerr := f.Close(); err != nil || cerr != nil || os.Rename(f.Name(), memory) != nil {
		_ = os.Remove(f.Name())
	}
}

// without drops what is known of another file that stood at the same path.
func without(known []seen, path string) []seen {
	var rest []seen
	for _, k := range known {
		if k.Path != path {
			rest = append(rest, k)
		}
	}
	return rest
}
