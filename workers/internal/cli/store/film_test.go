package store

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/render"
	"lossatlas/activities/render/film"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// twoPictures is a short film, of an odd size, which MP4 does not have.
func twoPictures(t *testing.T) (f film.Film) {
	t.Helper()
	g := surface.NewGrid([]float64{0, 1}, []float64{0, 1})
	for i := range g.Loss {
		g.Loss[i], g.Mask[i] = float64(i), true
	}
	for _, title := range []string{"one", "two"} {
		p, err := render.Heat(*g, picture.Options{Width: 2.05, DPI: 60, Title: title})
		if err != nil {
			t.Fatal(err)
		}
		f.Frames, f.Delays = append(f.Frames, p), append(f.Delays, 8)
	}
	return f
}

// TestMP4: ffmpeg makes a film of the pictures.
func TestMP4(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not on the path")
	}
	b, err := mp4(t.Context(), twoPictures(t))
	if err != nil || len(b) < 100 || string(b[4:8]) != "ftyp" {
		t.Fatalf("%d bytes that begin with %.12q, %v", len(b), b, err)
	}
}

// TestLengthOf: a GIF has a frame for each picture, an MP4 repeats those that rest.
func TestLengthOf(t *testing.T) {
	f := twoPictures(t)
	check := func(ext, want string) {
		t.Helper()
		if got := lengthOf(f, ext); got != want {
			t.Errorf("%s with the delays %v: %q, want %q", ext, f.Delays, got, want)
		}
	}
	f.Delays = []int{120, 8}
	check(".gif", "2 frames, 1.3 s")
	check(".mp4", "32 frames of 2 pictures, 1.3 s")
	f.Delays = []int{4, 4}
	check(".mp4", "2 frames, 0.1 s")
}

// TestMP4WithoutFFmpeg: the message says what is missing, and what can be written without it.
func TestMP4WithoutFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := mp4(t.Context(), twoPictures(t)); err == nil || !strings.Contains(err.Error(), "needs ffmpeg") || !strings.Contains(err.Error(), ".gif") {
		t.Errorf("without ffmpeg: %v", err)
	}
}

// TestFilmOffersSurfaces: what a name stands for, and what a message offers, is a surface where lines have the name as well.
func TestFilmOffersSurfaces(t *testing.T) {
	step := func(kind pipelines.Kind, content string) artifacts.RootStep {
		return artifacts.RootStep{Kind: string(kind), Outputs: map[string]artifacts.Blob{pipelines.OutGrid: {Digest: artifacts.Of([]byte(content))}}}
	}
	roots := []artifacts.Root{{Sweep: "s", Steps: map[string]artifacts.RootStep{
		"a/line-train": step(pipelines.KindLine, "1"), "a/surface-train": step(pipelines.KindSurface, "2"), "b/line-train": step(pipelines.KindLine, "3"), "b/surface-train": step(pipelines.KindSurface, "4"),
	}}}
	_, err := results.Resolve(withoutLines(roots), "surface-train", pipelines.OutGrid)
	if unclear := (*results.NameError)(nil); !errors.As(err, &unclear) || len(unclear.Matches) != 2 {
		t.Errorf("two surfaces: %v", err)
	}
	for name, lines := range map[string]int{"s": 4, "line-train": 2} {
		_, err := results.Resolve(withoutLines(roots), name, pipelines.OutGrid)
		if unclear := (*results.NameError)(nil); !errors.As(err, &unclear) || slices.ContainsFunc(append(unclear.Matches, unclear.Near...), func(m string) bool { return strings.Contains(m, "line") }) {
			t.Errorf("%s, of %d maps: %v", name, lines, err)
		}
	}
	if len(roots[0].Steps) != 4 {
		t.Error("steps were removed from the sweep")
	}
}
