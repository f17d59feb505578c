// Package plugin finds and installs the XLA plugin (PJRT), the shared library
// that computes on the CPU. Without one the program falls back to a pure-Go
// backend, several times slower.
package plugin

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"lossatlas/workers/home"
)

const (
	// EnvPlugin names the environment variable with the path of a plugin to use.
	EnvPlugin = "LOSSATLAS_PLUGIN"
	// EnvBackend is GoMLX's own; only its form "xla:/absolute/path.so" says where
	// a plugin is.
	EnvBackend = "GOMLX_BACKEND"
	// envSearch is go-xla's list of folders with plugins.
	envSearch = "PJRT_PLUGIN_LIBRARY_PATH"
)

// Find looks for an installed plugin, without loading it, in this order: the
// file that $LOSSATLAS_PLUGIN names, the file in $GOMLX_BACKEND, the home's
// plugins folder, go-xla's usual folders. how says where it was found.
//
// A file named by a variable is returned even when it does not exist: who asks
// for a certain plugin must not silently get another one.
func Find(h *home.Home) (path, how string, ok bool) {
	if p := os.Getenv(EnvPlugin); p != "" {
		return absolute(p), "named by " + EnvPlugin, true
	}
	if p, is := strings.CutPrefix(os.Getenv(EnvBackend), "xla:"); is {
		p, _, _ = strings.Cut(p, ",") // options may follow the path
		if filepath.IsAbs(p) {
			return p, "named by " + EnvBackend, true
		}
	}
	if p, ok := inFolders(h.Path("plugins")); ok {
		return p, "installed in " + h.Path("plugins"), true
	}
	for _, dir := range searchPath() {
		if p, ok := inFolder(dir); ok {
			return p, "found in " + dir, true
		}
	}
	return "", "", false
}

// searchPath lists the folders that go-xla itself looks in and installs to.
func searchPath() []string {
	if list := os.Getenv(envSearch); list != "" {
		return filepath.SplitList(list)
	}
	dirs := []string{"/usr/local/lib/go-xla"}
	if user, err := os.UserHomeDir(); err == nil {
		local := filepath.Join(user, ".local", "lib", "go-xla")
		if runtime.GOOS == "darwin" {
			local = filepath.Join(user, "Library", "Application Support", "go-xla")
		}
		dirs = slices.Insert(dirs, 0, local)
	}
	return dirs
}

// inFolders returns the CPU plugin in the folders of root; see inFolder.
func inFolders(root string) (string, bool) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return "", false
	}
	best := ""
	for _, e := range entries { // sorted by name, and the last wins
		if strings.HasPrefix(e.Name(), stagingPrefix) {
			continue
		}
		if p, ok := inFolder(filepath.Join(root, e.Name())); ok {
			best = p
		}
	}
	return best, best != ""
}

// inFolder returns the CPU plugin in dir; of several, the one whose name sorts
// last, so that the choice does not change by itself.
func inFolder(dir string) (string, bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", false
	}
	best := ""
	for _, e := range entries {
		if !isPlugin(e.Name()) {
			continue
		}
		p := filepath.Join(dir, e.Name())
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			best = absolute(p)
		}
	}
	return best, best != ""
}

// isPlugin tells whether a file is named as CPU plugins are:
// pjrt_c_api_cpu_plugin.so, or with a version, pjrt_c_api_cpu_v0.114.0_plugin.so.
func isPlugin(name string) bool {
	stem, ok := strings.CutPrefix(name, "pjrt_c_api_cpu_")
	ext := ".so"
	if runtime.GOOS == "darwin" {
		ext = ".dylib"
	}
	return ok && (stem == "plugin"+ext || strings.HasSuffix(stem, "_plugin"+ext))
}

func absolute(p string) string {
	if abs, err := filepath.Abs(p); err == nil {
		return abs
	}
	return p
}
