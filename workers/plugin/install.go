package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"lossatlas/workers/home"
)

// source is a place to download a plugin from.
type source interface {
	// name is for messages.
	name() string
	// fetch puts the plugin and its licences into dir, an empty folder next to which it may put more, and returns the name
	// of the folder to install it as.
	fetch(ctx context.Context, dir string, say Say) (folder string, err error)
}

// Say gets lines for the user about the progress of an installation.
type Say func(format string, args ...any)

// stagingPrefix marks an unfinished folder, which [Find] ignores.
const stagingPrefix = ".installing-"

// lockPoll is how often a second installer checks whether the first is done.
const lockPoll = 200 * time.Millisecond

// Install downloads a plugin to the home's plugins folder and returns its path: go-xla's release, else a build from the Python
// package index. The error is an *[UnavailableError] if neither is available.
//
// A killed process leaves no incomplete plugin. A second process blocks, then uses the plugin of the first.
func Install(ctx context.Context, h *home.Home, say Say) (string, error) {
	return install(ctx, h, say, []source{release{}, wheel{}})
}

func install(ctx context.Context, h *home.Home, say Say, sources []source) (string, error) {
	plugins, err := h.Folder("plugins")
	if err != nil {
		return "", err
	}
	lock := flock.New(filepath.Join(plugins, ".lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return "", fmt.Errorf("wait for another process that installs a plugin in %s: %w", plugins, err)
	}
	defer lock.Close()
	if p, ok := inFolders(plugins); ok {
		return p, nil
	}
	if err := removeUnfinished(plugins); err != nil {
		return "", err
	}
	var failures []error
	for _, src := range sources {
		say("getting an XLA plugin: %s", src.name())
		path, err := installFrom(ctx, src, plugins, say)
		if err == nil {
			return path, nil
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		say("%s is not available: %s", src.name(), firstLine(err))
		failures = append(failures, fmt.Errorf("%s: %w", src.name(), err))
	}
	return "", &UnavailableError{Folder: plugins, Causes: failures}
}

// installFrom fetches into a hidden folder and renames it.
func installFrom(ctx context.Context, src source, plugins string, say Say) (string, error) {
	staging, err := os.MkdirTemp(plugins, stagingPrefix)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(staging)
	content := filepath.Join(staging, "content")
	if err := os.Mkdir(content, 0o700); err != nil {
		return "", err
	}
	folder, err := src.fetch(ctx, content, say)
	if err != nil {
		return "", err
	}
	if _, ok := inFolder(content); !ok {
		return "", errors.New("it holds no plugin for the CPU")
	}
	target := filepath.Join(plugins, folder)
	if err := os.Rename(content, target); err != nil {
		return "", err
	}
	path, ok := inFolder(target)
	if !ok {
		return "", fmt.Errorf("the plugin vanished from %s", target)
	}
	return path, nil
}

// removeUnfinished removes the folders of killed installers.
func removeUnfinished(plugins string) error {
	entries, err := os.ReadDir(plugins)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), stagingPrefix) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(plugins, e.Name())); err != nil {
			return fmt.Errorf("remove an unfinished plugin: %w", err)
		}
	}
	return nil
}

// UnavailableError says that no plugin could be installed, and why.
type UnavailableError struct {
	// Folder is where the user can put a plugin.
	Folder string
	// Causes has one error for each source.
	Causes []error
}

// Error lists the causes and the remedies.
func (e *UnavailableError) Error() string {
	var b strings.Builder
	b.WriteString("no XLA plugin could be installed")
	for _, c := range e.Causes {
		b.WriteString("; ")
		b.WriteString(firstLine(c))
	}
	fmt.Fprintf(&b, ". Connect to a network and try again, or name a plugin with %s=/path/to/pjrt_c_api_cpu_plugin.so, or put it into a folder in %s, or use the pure-Go backend (several times slower)", EnvPlugin, e.Folder)
	return b.String()
}

// Unwrap gives errors.Is and errors.As the causes.
func (e *UnavailableError) Unwrap() []error { return e.Causes }

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
