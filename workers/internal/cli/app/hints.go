package app

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// invocation is the program as a shell finds it again: by its name where that is on the path, else as the user called it.
// Relative paths are resolved now, since services change the working directory.
func invocation(called string) string {
	name := filepath.Base(called)
	if called == "" || name == called {
		return "lossatlas"
	}
	if found, err := exec.LookPath(name); err == nil {
		one, e1 := os.Stat(found)
		other, e2 := os.Stat(called)
		if e1 == nil && e2 == nil && os.SameFile(one, other) {
			return name
		}
	}
	return quote(called)
}

// quote writes a word for a shell.
func quote(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\"'\\$`&|;<>()*?[]{}~#!", r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Self begins a command line that finds this program and its home: a home named by --home is named again.
func (a *App) Self() string {
	if dir := a.Settings.Flag("home"); dir != "" {
		return a.invoked + " --home " + quote(dir)
	}
	return a.invoked
}

// Hinted makes the commands that a message advises, written as `lossatlas …`, work when they are pasted.
func (a *App) Hinted(message string) string {
	return strings.ReplaceAll(message, "`lossatlas ", "`"+a.Self()+" ")
}
