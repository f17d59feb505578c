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
		{"fig1", []string{"fig5"}, []string{"", "laptop"}, 0},
		{"fig2", []string{"fig3"}, []string{"", "laptop"}, 0},
		{"normalization", []string{"fig3"}, []string{"", "laptop"}, 0},
		{"fig7", []string{"fig4", "fig5"}, []string{"", "laptop"}, 0},
		{"depth", []string{"fig5"}, []string{""}, 0},
		{"sharpness", []string{"fig3", "fig5", "fig6", "fig13"}, []string{""}, 0},
		{"sharpness", []string{"fig5"}, []string{"laptop"}, 0},
		{"fig9", []string{"fig3"}, []string{""}, 4}, // Adam
		{"fig9", []string{"fig3"}, []string{"laptop"}, 0},
		{"fig6", []string{"fig5"}, []string{""}, 6},
		{"fig6", []string{"fig5"}, []string{"laptop"}, 2},
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

// The surfaces of figure 1 are two of figure 5's.
func TestFiguresShareSurfaces(t *testing.T) {
	for _, preset := range []string{"", "laptop"} {
		five := inFiles(t, pipelines.KindSurface, preset, "fig5")
		for params, id := range inFiles(t, pipelines.KindSurface, preset, "fig1") {
			if five[params] == "" {
				t.Errorf("preset %q: %s is not in fig5.yaml", preset, id)
			}
		}
	}
}
