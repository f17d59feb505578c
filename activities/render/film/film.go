// Package film makes moving pictures: a surface that turns, a path that a training takes, surfaces that change into each other.
package film

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"sync"

	"golang.org/x/sync/errgroup"

	"lossatlas/activities/render/picture"
)

// Film is pictures that follow each other. Each is drawn where the file is written, several at a time.
type Film struct {
	Frames []picture.Figure
	Delays []int // how long each is shown, in hundredths of a second
	Meta   string
	// Progress, which may be nil, is called after each picture that is drawn, one call at a time.
	Progress func(done, of int)
}

// add appends a picture.
func (f *Film) add(p picture.Figure, delay int) {
	f.Frames, f.Delays = append(f.Frames, p), append(f.Delays, delay)
}

// drawn draws all frames, on a white ground of the size of the largest, as convert wants them; notes of several lengths below move nothing. It ends with the context, after the frames that are being drawn.
func drawn[T any](ctx context.Context, f Film, convert func(*image.RGBA) (T, error)) ([]T, error) {
	if len(f.Frames) == 0 || len(f.Frames) != len(f.Delays) {
		return nil, fmt.Errorf("a film of %d pictures with %d delays", len(f.Frames), len(f.Delays))
	}
	size := image.Point{}
	for _, p := range f.Frames {
		at := pixels(p)
		size.X, size.Y = max(size.X, at.X), max(size.Y, at.Y)
	}
	out := make([]T, len(f.Frames))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	var mu sync.Mutex
	done := 0
	for i, p := range f.Frames {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			file, err := p.PNG()
			if err != nil {
				return err
			}
			src, err := png.Decode(bytes.NewReader(file))
			if err != nil {
				return err
			}
			frame := image.NewRGBA(image.Rectangle{Max: size})
			draw.Draw(frame, frame.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
			draw.Draw(frame, src.Bounds().Add(image.Pt((size.X-src.Bounds().Dx())/2, 0)), src, image.Point{}, draw.Src)
			if out[i], err = convert(frame); err != nil || f.Progress == nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			f.Progress(done, len(f.Frames))
			return nil
		})
	}
	return out, group.Wait()
}

// pixels is about the size of a picture; a pixel more does no harm.
func pixels(p picture.Figure) image.Point {
	w, h := p.Size()
	side := func(points float64) int { return int(points*float64(p.DPI)/72 + 1) }
	return image.Point{X: side(w), Y: side(h)}
}

// PNGs are the frames as files of one size, for programs that make other kinds of films.
func (f Film) PNGs(ctx context.Context) ([][]byte, error) {
	return drawn(ctx, f, func(frame *image.RGBA) ([]byte, error) {
		var b bytes.Buffer
		err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, frame)
		return b.Bytes(), err
	})
}
