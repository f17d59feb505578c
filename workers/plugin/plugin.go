// Package plugin finds and installs the XLA plugin (PJRT), a shared library that computes on the CPU. Without one the program
// falls back to a pure-Go backend, which is several times slower.
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
	// EnvBackend is a variable of GoMLX; "xla:/absolute/path.so" names a plugin.
	EnvBackend = "GOMLX_BACKEND"
	// envSearch is a variable of go-xla: a list of folders with plugins.
	envSearch = "PJRT_PLUGIN_LIBRARY_PATH"
)

// Find looks for an installed plugin, without loading it: the file in $LOSSATLAS_PLUGIN, else in $GOMLX_BACKEND, else one in
// the home's plugins folder, else in go-xla's folders. how describes where it was found.
//
// A file named by a variable is returned even if it does not exist, so that another plugin is not used silently.
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

// searchPath lists the folders of go-xla's own search.
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
	for _, e := range entries { // sorted by name; the last one is used
		if strings.HasPrefix(e.Name(), stagingPrefix) {
			continue
		}
		if p, ok := inFolder(filepath.Join(root, e.Name())); ok {
			best = p
		}
	}
	return best, best != ""
}

// inFolder returns the CPU plugin in dir; of several, the one with the last name.
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

// isPlugin reports whether a file is named like a CPU plugin: pjrt_c_api_cpu_plugin.so, or pjrt_c_api_cpu_v0.114.0_plugin.so.
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
