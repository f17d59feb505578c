package film

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/draw"
	"image/gif"
	"image/png"

	"lossatlas/activities/render/internal/canvas"
)

// GIF writes the film as an animated GIF that repeats, each frame with the 256 colors that suit it.
func (f Film) GIF(ctx context.Context) ([]byte, error) {
	frames, err := drawn(ctx, f, func(frame *image.RGBA) (*image.Paletted, error) {
		out := canvas.Indexed(frame)
		if len(out.Palette) == mostColors { // there may be more: dithered, a shaded surface has no bands
			draw.FloydSteinberg.Draw(out, out.Bounds(), frame, image.Point{})
		}
		return out, nil
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: frames, Delay: f.Delays}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// mostColors is how many a palette holds.
const mostColors = 256

// APNG writes the film as an animated PNG that repeats, in full color, with the provenance as WithPNGText writes it. A program that does not know animations shows the first
// frame. The chunks are defined in the PNG specification, third edition, section 11.3.6.
func (f Film) APNG(ctx context.Context) ([]byte, error) {
	frames, err := drawn(ctx, f, func(frame *image.RGBA) (still, error) {
		var b bytes.Buffer
		if err := png.Encode(&b, frame); err != nil {
			return still{}, err
		}
		return newStill(b.Bytes())
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(frames[0].head)
	number := binary.BigEndian.AppendUint32(nil, uint32(len(frames)))
	chunk(&b, "acTL", binary.BigEndian.AppendUint32(number, 0)) // plays without end
	sequence := uint32(0)
	for i, s := range frames {
		// Size as in the head, at (0, 0), a delay, and each frame replaces the one before.
		control := binary.BigEndian.AppendUint32(nil, sequence)
		control = append(control, s.head[16:24]...)
		control = append(control, make([]byte, 8)...)
		control = binary.BigEndian.AppendUint16(control, uint16(f.Delays[i]))
		control = binary.BigEndian.AppendUint16(control, 100)
		chunk(&b, "fcTL", append(control, 0, 0))
		sequence++
		if i == 0 {
			chunk(&b, "IDAT", s.data)
			continue
		}
		chunk(&b, "fdAT", append(binary.BigEndian.AppendUint32(nil, sequence), s.data...))
		sequence++
	}
	chunk(&b, "IEND", nil)
	return canvas.WithPNGText(b.Bytes(), f.Frames[0].DPI, "", f.Meta), nil
}

// still is a PNG in parts: its signature and IHDR, and the data of its IDAT chunks.
type still struct{ head, data []byte }

const (
	signature  = 8
	chunkFrame = 12
	headSize   = signature + chunkFrame + 13
)

func newStill(file []byte) (s still, err error) {
	if len(file) < headSize {
		return s, errors.New("a PNG without a head")
	}
	s.head = file[:headSize]
	for rest := file[headSize:]; len(rest) >= chunkFrame; {
		n := int(binary.BigEndian.Uint32(rest))
		if n > len(rest)-chunkFrame {
			return s, errors.New("a PNG that ends within a chunk")
		}
		if string(rest[4:8]) == "IDAT" {
			s.data = append(s.data, rest[8:8+n]...)
		}
		rest = rest[chunkFrame+n:]
	}
	return s, nil
}

func chunk(b *bytes.Buffer, kind string, data []byte) {
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	frame = append(append(frame, kind...), data...)
	b.Write(binary.BigEndian.AppendUint32(frame, crc32.ChecksumIEEE(frame[4:])))
}
