package sweepfile

import (
	"testing"

	"lossatlas/pipelines"
)

// inFiles are the steps of a kind in a sweep file of this folder, by their parameters, which name all they depend on.
func inFiles(t *testing.T, kind pipelines.Kind, preset string, files ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, file := range files {
		for _, p := range expandFile(t, file+".yaml", preset).All() {
			if p.Step.Kind == kind {
				out[string(p.Step.Params)] = file + ": " + p.Step.ID
			}
		}
	}
	return out
}

// The figures of the paper share their trainings, so that each network is trained once for all of them.
func TestFiguresShareTrainings(t *testing.T) {
	for _, c := range []struct {
		file    string
		of      []string
		presets []string
		own     int // trainings that no other file has
	}{
		{"directions", []string{"table1", "depth"}, []string{""}, 0},
		{"curvature", []string{"depth"}, []string{""}, 0},
		{"curvature", []string{"width", "depth"}, []string{"paper"}, 0},
		{"width", []string{"depth"}, []string{""}, 8},
	} {
		for _, preset := range c.presets {
			others, own := inFiles(t, pipelines.KindTrain, preset, c.of...), 0
			mine := inFiles(t, pipelines.KindTrain, preset, c.file)
			for params := range mine {
				if others[params] == "" {
					own++
				}
			}
			if own != c.own || len(mine) == 0 {
				t.Errorf("%s, preset %q: %d of %d trainings are not those of %v, want %d", c.file, preset, own, len(mine), c.of, c.own)
			}
		}
	}
}
