package film_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/gif"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/render"
	"lossatlas/activities/render/film"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
)

// small keeps pictures small.
var small = picture.Options{Width: 2, DPI: 40}

func bowl(n int, scale float64) surface.Grid {
	g := surface.NewGrid(surface.Lattice(-1, 1, n), surface.Lattice(-1, 1, n))
	for i := range g.Loss {
		x, y := g.X[i%n], g.Y[i/n]
		g.Loss[i], g.Mask[i] = 0.1+scale*(x*x+y*y), true
	}
	return *g
}

func path() trajectory.Path {
	return trajectory.Path{
		Epochs: []int{0, 1, 3}, PCA: [][2]float64{{-0.8, 0.5}, {0.25, 0.125}, {0, 0}}, Random: [][2]float64{{0.1, 0.2}, {0.1, 0.1}, {0, 0}},
		Variance: []float64{3, 1}, Ratio: []float64{0.75, 0.25}, RateChanges: []int{1}, Norm: []float64{3, 2, 1}, Distance: []float64{2, 1, 0},
	}
}

// raster is a picture as a program reads it from its PNG.
func raster(t *testing.T, p picture.Figure) image.Image {
	t.Helper()
	b, err := p.PNG()
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, b)
}

func decoded(t *testing.T, file []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// holds says whether an image shows another one in the middle of its top, pixel by pixel, and white around it.
func holds(frame, want image.Image) bool {
	at := image.Pt((frame.Bounds().Dx()-want.Bounds().Dx())/2, 0)
	for y := range frame.Bounds().Dy() {
		for x := range frame.Bounds().Dx() {
			r, g, b, _ := frame.At(x, y).RGBA()
			wr, wg, wb := uint32(math.MaxUint16), uint32(math.MaxUint16), uint32(math.MaxUint16)
			if p := image.Pt(x, y).Sub(at); p.In(want.Bounds()) {
				wr, wg, wb, _ = want.At(p.X, p.Y).RGBA()
			}
			if r != wr || g != wg || b != wb {
				return false
			}
		}
	}
	return true
}

// apng takes the frames of an animated PNG apart, each as a PNG of its own, with their delays. It checks the numbers of the chunks.
func apng(t *testing.T, file []byte) (frames []image.Image, delays []int) {
	t.Helper()
	var head, data []byte
	var sequence uint32
	count := 0
	end := func() {
		if data == nil {
			return
		}
		var b bytes.Buffer
		b.Write(head)
		for _, c := range []struct {
			kind string
			data []byte
		}{{"IDAT", data}, {"IEND", nil}} {
			frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(c.data))), c.kind...)
			frame = append(frame, c.data...)
			b.Write(binary.BigEndian.AppendUint32(frame, crc32.ChecksumIEEE(frame[4:])))
		}
		frames, data = append(frames, decoded(t, b.Bytes())), nil
	}
	next := func(b []byte) []byte {
		if got := binary.BigEndian.Uint32(b); got != sequence {
			t.Errorf("chunk number %d, want %d", got, sequence)
		}
		sequence++
		return b[4:]
	}
	head = file[:33]
	for rest := file[33:]; len(rest) > 0; {
		n := int(binary.BigEndian.Uint32(rest))
		body := rest[8 : 8+n]
		switch string(rest[4:8]) {
		case "acTL":
			count = int(binary.BigEndian.Uint32(body))
		case "fcTL":
			end()
			if body = next(body); !bytes.Equal(body[:8], head[16:24]) {
				t.Errorf("a frame of another size: %x", body)
			}
			delays = append(delays, int(binary.BigEndian.Uint16(body[16:])))
		case "IDAT":
			data = append(data, body...)
		case "fdAT":
			data = append(data, next(body)...)
		}
		rest = rest[12+n:]
	}
	end()
	if count != len(frames) {
		t.Errorf("%d frames are announced, there are %d", count, len(frames))
	}
	return frames, delays
}

// TestPath: both formats hold, frame by frame, the pictures of the path up to each epoch, and the last one stays for a while.
func TestPath(t *testing.T) {
	opt := small
	opt.Width = 3
	f, err := film.Path(path(), bowl(5, 3), nil, opt)
	if err != nil || len(f.Frames) != 3 {
		t.Fatalf("%d frames, %v", len(f.Frames), err)
	}
	var want []image.Image
	for _, epoch := range []int{0, 1, 3} {
		opt.Until = &epoch
		opt.Title = map[int]string{0: " · epoch 0", 1: " · epoch 1", 3: " · epoch 3"}[epoch]
		p, err := render.Trajectory(path(), bowl(5, 3), nil, opt)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, raster(t, p))
	}
	b, err := f.GIF(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(bytes.NewReader(b))
	if err != nil || len(g.Image) != 3 || g.LoopCount != 0 || !slices.Equal(g.Delay, f.Delays) || g.Delay[2] < 2*g.Delay[1] {
		t.Fatalf("a GIF of %d frames with the delays %v, %v", len(g.Image), g.Delay, err)
	}
	if b, err = f.APNG(t.Context()); err != nil {
		t.Fatal(err)
	}
	frames, delays := apng(t, b)
	if !slices.Equal(delays, f.Delays) {
		t.Errorf("the delays are %v, want %v", delays, f.Delays)
	}
	for i := range want {
		if !holds(g.Image[i], want[i]) || !holds(frames[i], want[i]) {
			t.Errorf("frame %d of the GIF: %v, of the APNG: %v", i, holds(g.Image[i], want[i]), holds(frames[i], want[i]))
		}
		if i > 0 && holds(frames[i], want[i-1]) {
			t.Errorf("frame %d does not differ from the one before", i)
		}
	}
	if still := decoded(t, b); !holds(still, want[0]) {
		t.Error("as a still picture it is another one")
	}
}

// textOf are the words in a picture.
func textOf(t *testing.T, p picture.Figure) string {
	t.Helper()
	svg, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(regexp.MustCompile("<[^>]*>").ReplaceAllString(string(svg), " ")), " ")
}

// TestMorph: the surfaces themselves stand where the film rests, on one scale, and each lies between its neighbors, as its title and its note say, without a range.
func TestMorph(t *testing.T) {
	a, b := bowl(3, 1), bowl(3, 200)
	b.Loss[0] = math.NaN()
	f, err := film.Morph([]film.Scene{{Title: "s/lr=1,kind=a/train", Grid: a}, {Title: "s/lr=1,kind=b/train", Grid: b}}, small)
	if err != nil || len(f.Frames) != 32 {
		t.Fatalf("%d frames, %v", len(f.Frames), err)
	}
	opt := small
	opt.Title, opt.Scale, opt.Min, opt.Max = "s/lr=1,kind=a/train", picture.ScaleLog, 0.1, 400.1
	still, err := render.Surface3D(a, opt)
	if err != nil {
		t.Fatal(err)
	}
	first, quarter, half := raster(t, f.Frames[0]), raster(t, f.Frames[8]), raster(t, f.Frames[16])
	if !holds(first, raster(t, still)) || holds(quarter, first) || holds(quarter, half) {
		t.Error("the first surface is not the one given, or nothing changes")
	}
	for i, want := range map[int][2]bool{0: {false, true}, 8: {true, false}, 16: {false, true}} {
		text := textOf(t, f.Frames[i])
		if got := [2]bool{strings.Contains(text, "kind=a → kind=b, 50 %") && strings.Contains(text, "not computed"), strings.Contains(text, "loss from")}; got != want {
			t.Errorf("frame %d says of a blend and of a range %v, want %v: %s", i, got, want, text)
		}
	}
	titled := small
	titled.Title = "Two minimizers"
	named, err := film.Morph([]film.Scene{{Title: "s/lr=1,kind=a/train", Grid: a}, {Title: "s/lr=1,kind=b/train", Grid: b}}, titled)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{0: "Two minimizers · kind=a", 8: "Two minimizers · kind=a → kind=b, 50 %", 16: "Two minimizers · kind=b"} {
		if text := textOf(t, named.Frames[i]); !strings.HasPrefix(text, want) || strings.Contains(text, "s/lr=1") {
			t.Errorf("with a title frame %d is %q, want %q first", i, text, want)
		}
	}
	if f.Delays[0] <= f.Delays[1] || f.Delays[16] <= f.Delays[17] {
		t.Errorf("it rests for %v", f.Delays)
	}
	if _, err := film.Morph([]film.Scene{{Title: "a", Grid: a}, {Title: "c", Grid: bowl(5, 1)}}, small); err == nil || !strings.Contains(err.Error(), "one range and resolution: a has 3×3 points over [-1, 1]×[-1, 1], and c has 5×5") {
		t.Errorf("surfaces at other points: %v", err)
	}
	if _, err := (film.Film{}).GIF(t.Context()); err == nil {
		t.Error("a film without pictures is written")
	}
}

// TestTurn: pictures of one size from all sides, each a step further.
func TestTurn(t *testing.T) {
	f, err := film.Turn(bowl(3, 1), small)
	if err != nil || len(f.Frames) != 60 {
		t.Fatalf("%d frames, %v", len(f.Frames), err)
	}
	first := raster(t, f.Frames[0])
	for i, p := range f.Frames {
		if w, h := p.Size(); w != 144 || h != f.Frames[0].Height.Points() {
			t.Errorf("picture %d is %v×%v", i, w, h)
		}
	}
	// A bowl looks alike from four sides, but for its axes.
	for _, i := range []int{1, 7, 15, 30} {
		if holds(raster(t, f.Frames[i]), first) {
			t.Errorf("picture %d is the first one", i)
		}
	}
}

// TestInterrupted: a film that is interrupted ends after the pictures that are being drawn, and says how far it is.
func TestInterrupted(t *testing.T) {
	f, err := film.Turn(bowl(3, 1), small)
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(film.Film, context.Context) ([]byte, error){"gif": film.Film.GIF, "png": film.Film.APNG, "frames": func(f film.Film, ctx context.Context) ([]byte, error) {
		_, err := f.PNGs(ctx)
		return nil, err
	}} {
		ctx, cancel := context.WithCancel(t.Context())
		var drawn []int
		f.Progress = func(done, of int) {
			if drawn = append(drawn, done); of != len(f.Frames) {
				t.Errorf("%s: picture %d of %d", name, done, of)
			}
			cancel()
		}
		b, err := write(f, ctx)
		if !errors.Is(err, context.Canceled) || b != nil || len(drawn) == 0 || len(drawn) > 8 || drawn[len(drawn)-1] != len(drawn) {
			t.Errorf("%s: %d bytes after the pictures %v, %v", name, len(b), drawn, err)
		}
	}
}

// TestLook writes films into the folder LOSSATLAS_LOOK, for a person to look at.
func TestLook(t *testing.T) {
	dir := os.Getenv("LOSSATLAS_LOOK")
	if dir == "" {
		t.Skip("set LOSSATLAS_LOOK to a folder to write films there")
	}
	opt := picture.Options{Width: 5, DPI: 80, Title: "A film"}
	turn, err := film.Turn(bowl(17, 5), opt)
	if err != nil {
		t.Fatal(err)
	}
	morph, err := film.Morph([]film.Scene{{Title: "a", Grid: bowl(17, 1)}, {Title: "b", Grid: bowl(17, 200)}}, opt)
	if err != nil {
		t.Fatal(err)
	}
	opt.Width = 8
	along, err := film.Path(path(), bowl(17, 5), nil, opt)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]film.Film{"turn": turn, "morph": morph, "path": along} {
		for ext, write := range map[string]func(context.Context) ([]byte, error){"gif": f.GIF, "png": f.APNG} {
			b, err := write(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "film-"+name+"."+ext), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
