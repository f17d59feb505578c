package files

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // decoder
	_ "image/png"  // decoder

	_ "golang.org/x/image/bmp" // decoder
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // decoder

	"lossatlas/activities/problem"
)

// maxPixels bounds the pixels of a picture.
const maxPixels = 1 << 26

// pictures is how the pictures of a data set are read.
type pictures struct {
	height, width, channels int
	first                   bool // channels are the first axis
	resize                  bool
	convert                 bool // gray to colour and back, where a picture is the other
}

// newPictures derives how pictures are read from the first of them.
func newPictures(b []byte, opts Options, note func(string, ...any)) (pictures, error) {
	c, name, err := pictureConfig(b)
	if err != nil {
		return pictures{}, err
	}
	p := pictures{height: c.Height, width: c.Width, channels: opts.Channels, first: opts.Layout == ChannelsFirst, convert: opts.Channels > 0}
	if opts.Height > 0 {
		p.height, p.width, p.resize = opts.Height, opts.Width, true
		note("pictures are resized to %d×%d with a bilinear filter that averages where it shrinks", p.height, p.width)
	}
	if p.channels == 0 {
		p.channels = 3
		if isGray(c.ColorModel) {
			p.channels = 1
		}
	}
	if c.ColorModel == color.Gray16Model || c.ColorModel == color.RGBA64Model || c.ColorModel == color.NRGBA64Model {
		note("pictures of 16 bits are read as 8 bits")
	}
	if name == "jpeg" && hasOrientation(b) {
		note("the orientation in the Exif data of JPEG pictures is not applied")
	}
	return p, nil
}

// form is that of the examples.
func (p pictures) form() form {
	f := form{shape: []int{p.height, p.width, p.channels}, kind: problem.Uint8, channelsFirst: p.first}
	if p.first {
		f.shape = []int{p.channels, p.height, p.width}
	}
	return f
}

func isGray(m color.Model) bool { return m == color.GrayModel || m == color.Gray16Model }

// pictureConfig reads size and colours, and refuses sizes that the bytes can't hold.
func pictureConfig(b []byte) (image.Config, string, error) {
	c, name, err := image.DecodeConfig(bytes.NewReader(b))
	switch {
	case err != nil:
		return c, name, fmt.Errorf("is no picture that can be read: %w", err)
	case c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height || c.Width*c.Height > 1<<14*len(b):
		return c, name, fmt.Errorf("announces %d×%d pixels in %d bytes; the picture is damaged or too large (at most %d pixels)", c.Height, c.Width, len(b), maxPixels)
	}
	return c, name, nil
}

// decode writes the pixels of an encoded picture to dst.
func (p pictures) decode(dst, b []byte) error {
	c, _, err := pictureConfig(b)
	if err != nil {
		return err
	}
	if !p.resize && (c.Height != p.height || c.Width != p.width) {
		return fmt.Errorf("has %d×%d pixels, and the first picture %d×%d: resize all to one size", c.Height, c.Width, p.height, p.width)
	}
	if gray := isGray(c.ColorModel); gray != (p.channels == 1) && !p.convert {
		kinds := map[bool]string{true: "gray", false: "in colour"}
		return fmt.Errorf("is %s, and the first picture is %s: choose 1 channel (all gray) or 3 (all in colour)", kinds[gray], kinds[!gray])
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("is damaged: %w", err)
	}
	if o, ok := img.(interface{ Opaque() bool }); ok && !o.Opaque() {
		return fmt.Errorf("has transparent pixels; remove the alpha channel")
	}
	p.store(dst, img)
	return nil
}

// store writes the pixels of an image, resized if that was asked for.
func (p pictures) store(dst []byte, img image.Image) {
	to := image.Rect(0, 0, p.width, p.height)
	scaler := draw.Scaler(draw.NearestNeighbor) // which copies where the size is the same
	if p.resize && img.Bounds().Size() != to.Size() {
		scaler = draw.BiLinear
	}
	if p.channels == 1 {
		gray := &image.Gray{Pix: dst, Stride: p.width, Rect: to}
		scaler.Scale(gray, to, img, img.Bounds(), draw.Src, nil)
		return
	}
	rgba := image.NewRGBA(to)
	scaler.Scale(rgba, to, img, img.Bounds(), draw.Src, nil)
	plane := p.width * p.height
	for i := range plane {
		for c := range 3 {
			at := 3*i + c
			if p.first {
				at = c*plane + i
			}
			dst[at] = rgba.Pix[4*i+c]
		}
	}
}
