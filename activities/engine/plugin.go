package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/go-xla/pjrt"

	"lossatlas/activities/conv"
)

// plugin describes a PJRT plugin without loading it.
type plugin struct {
	path        string // absolute
	digest      string // SHA-256, hexadecimal
	flags       string // the XLA_FLAGS it runs with
	formulation conv.Formulation
}

// oneDNNFlags make XLA's CPU compiler use oneDNN for convolutions over three
// dimensions. A plugin that doesn't know a flag ends the process, so they are
// for plugins in which they were found.
var oneDNNFlags = []string{"--xla_cpu_use_onednn=true", "--xla_cpu_experimental_onednn_custom_call=true"}

// levelFlag goes with oneDNNFlags: XLA optimizes its own code at level 2 in place of 3, programs run as fast, and they
// compile in 0.65 to 0.75 of the time.
const levelFlag = "--xla_backend_optimization_level=2"

// pinned is the SHA-256 of the plugin that the program installs, which knows the flags.
const pinned = "ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2"

// userFlags are the XLA_FLAGS that the process was started with, before openXLA sets them.
var userFlags = sync.OnceValue(func() string { return os.Getenv("XLA_FLAGS") })

// contents is the information in a plugin's file.
type contents struct {
	digest string
	oneDNN bool // it knows oneDNNFlags
}

// read remembers the plugins that this process has read, by path, size and time of change.
var read sync.Map // string → contents

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// inspect finds out about the plugin of the options. It reads the file, unless
// the caller knows its digest to be the pinned one.
func inspect(o Options) (plugin, error) {
	path, err := filepath.Abs(o.Plugin)
	if err != nil {
		return plugin{}, fmt.Errorf("PJRT plugin %s: %w", o.Plugin, err)
	}
	if o.PluginDigest != "" && !hexDigest.MatchString(o.PluginDigest) {
		return plugin{}, fmt.Errorf("the digest %q of the PJRT plugin is not a SHA-256 in hexadecimal", o.PluginDigest)
	}
	c := contents{digest: o.PluginDigest, oneDNN: true}
	if o.PluginDigest != pinned {
		if c, err = readPlugin(path); err != nil {
			return plugin{}, fmt.Errorf("the PJRT plugin can't be read: %w", err)
		}
	}
	p := plugin{path: path, digest: c.digest, flags: userFlags()}
	if c.oneDNN && !pjrt.IsCUDAName(path) {
		p.formulation = conv.OneDNN
		for _, f := range append([]string{levelFlag}, oneDNNFlags...) {
			if name, _, _ := strings.Cut(f, "="); !strings.Contains(p.flags, name) { // the user's own setting counts
				p.flags = strings.TrimSpace(p.flags + " " + f)
			}
		}
	}
	return p, nil
}

// readPlugin reads the file once for its digest and the flags it knows.
func readPlugin(path string) (contents, error) {
	f, err := os.Open(path)
	if err != nil {
		return contents{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return contents{}, err
	}
	key := fmt.Sprintf("%s %d %d", path, info.Size(), info.ModTime().UnixNano())
	if c, ok := read.Load(key); ok {
		return c.(contents), nil
	}
	c := contents{}
	if c.digest, c.oneDNN, err = scan(f); err != nil {
		return contents{}, err
	}
	read.Store(key, c)
	return c, nil
}

// scan reads a plugin piece by piece, for its SHA-256 and for the names of oneDNNFlags.
func scan(f io.Reader) (digest string, oneDNN bool, err error) {
	const longest = 64 // more than the length of a name
	missing := slices.Clone(oneDNNFlags)
	hash, piece := sha256.New(), make([]byte, 1<<20)
	var tail []byte // the end of the bytes before, where a name may begin
	for {
		n, err := f.Read(piece)
		hash.Write(piece[:n])
		seen := append(tail, piece[:n]...)
		missing = slices.DeleteFunc(missing, func(flag string) bool {
			name, _, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
			return bytes.Contains(seen, []byte(name))
		})
		tail = slices.Clone(seen[max(0, len(seen)-longest):])
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(hash.Sum(nil)), len(missing) == 0, nil
		case err != nil:
			return "", false, err
		}
	}
}
