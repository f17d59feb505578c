package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/goccy/go-yaml"

	"lossatlas/workers/internal/exit"
)

// fileName is the config file's name in the home and in the user's config folder.
const fileName = "config.yaml"

// config is the content of the config files by setting.
type config map[string]entry

type entry struct {
	text string
	file string
}

// read adds a file's settings, which replace those read before. The file may be absent.
func (c config) read(file string) error {
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) {
		return nil // opening the home reports the error of its path
	}
	if err != nil {
		return exit.Usagef("the config file can't be read: %w", err)
	}
	return c.add(file, src)
}

// readHome adds the file in the home, which may not set the home.
func (c config) readHome(dir string) error {
	file := filepath.Join(dir, fileName)
	before := c["home"]
	if err := c.read(file); err != nil {
		return err
	}
	if c["home"] != before {
		return exit.Usagef("config file %s: a home's own file can't move it; use --home or LOSSATLAS_HOME", file)
	}
	return nil
}

// userConfig is the folder for the user's config files, or "" if it is missing.
func userConfig(env func(string) (string, bool)) string {
	if dir, ok := env("XDG_CONFIG_HOME"); ok && filepath.IsAbs(dir) {
		return dir
	}
	if home, ok := env("HOME"); ok && home != "" {
		return filepath.Join(home, ".config")
	}
	return ""
}

// add reads one file: a mapping from settings, named as their flags, to values.
func (c config) add(file string, src []byte) error {
	var doc map[string]any
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return exit.Usagef("config file %s: want one setting per line, such as `backend: go`: %s", file, yaml.FormatError(err, false, false))
	}
	names := make([]string, 0, len(table))
	for _, e := range table {
		names = append(names, e.name)
	}
	for _, key := range slices.Sorted(maps.Keys(doc)) {
		if !slices.Contains(names, key) {
			return exit.Usagef("config file %s: unknown setting %q; the settings are %s", file, key, strings.Join(names, ", "))
		}
		text, err := scalar(doc[key])
		if err != nil {
			return exit.Usagef("config file %s: %s: %w", file, key, err)
		}
		c[key] = entry{text: text, file: file}
	}
	return nil
}

func scalar(v any) (string, error) {
	switch v.(type) {
	case string, bool, int, int64, uint64, float64:
		return fmt.Sprint(v), nil
	}
	return "", errors.New("want a single text")
}
