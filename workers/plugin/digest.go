package plugin

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lossatlas/artifacts"
	"lossatlas/workers/home"
)

// seen is a file with a known digest: it holds as long as size and modification time do.
type seen struct {
	Size     int64            `json:"size"`
	Modified int64            `json:"modified_unix_nano"`
	Digest   artifacts.Digest `json:"digest"`
}

// Digest returns the SHA-256 of a plugin, which is part of the keys of results. Hashing 200 MB takes half a second, so the
// home remembers digests by the file's path, size and modification time.
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
	cache := h.Path("plugins", "digests.json")
	known := map[string]seen{} // by path
	if home.ReadJSON(cache, &known) != nil || known == nil {
		known = map[string]seen{} // absent or damaged
	}
	now := seen{Size: info.Size(), Modified: info.ModTime().UnixNano(), Digest: known[path].Digest}
	if now == known[path] {
		return now.Digest, nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return artifacts.Digest{}, fmt.Errorf("read the plugin %s: %w", path, err)
	}
	copy(now.Digest[:], sum.Sum(nil))
	known[path] = now
	if _, err := h.Folder("plugins"); err == nil {
		_ = h.WriteJSON(cache, known) // without it, the next call hashes again
	}
	return now.Digest, nil
}
