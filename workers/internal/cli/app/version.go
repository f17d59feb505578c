package app

import (
	"cmp"
	"runtime/debug"
)

// Release is the version of the program. It is raised with the heading of deploy/CHANGELOG.md and the citation in README.md.
const Release = "0.1.0"

// BuildVersion is the release and the revision that it was built from, as semantic versions write it: 0.1.0+93e545901abc.
// Without a known revision it is the release alone.
func (a *App) BuildVersion() string {
	if revision := cmp.Or(a.Revision, stamped()); revision != "" {
		return Release + "+" + revision
	}
	return Release
}

// stamped is the revision that the Go command wrote into the program, "" where it did not.
func stamped() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				modified = ".dirty"
			}
		}
	}
	if revision == "" {
		return ""
	}
	return revision + modified
}
