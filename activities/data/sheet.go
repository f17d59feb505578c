package data

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"lossatlas/activities/problem"
)

// The layout of a sheet, in pixels.
const (
	leastCell = 56 // smaller images are enlarged by a whole factor
	mostCell  = 160
	sheetGap  = 4
	sheetRows = 40 // at most
	nameWidth = 20 // characters
)

// Sheet draws the first n examples of each class of a split: a row for each class
// with its name, of the first 40 classes. Examples with other labels fill
// rows in their order. Examples that are not images are an error.
func Sheet(c *Collection, split string, n int) (image.Image, error) {
	if !c.Problem.IsImage() {
		return nil, fmt.Errorf("a sheet shows images, and the examples have the shape %v", c.Problem.Shape)
	}
	if n < 1 || n > 1000 {
		return nil, fmt.Errorf("a sheet of %d examples of each class: choose 1 to 1000", n)
	}
	s := sheet{p: c.Problem, n: n, rows: make([][][]byte, min(c.Problem.Outputs, sheetRows))}
	if s.byClass = !c.Problem.HasTargets() && c.Problem.Places() == 1; !s.byClass {
		s.rows = make([][][]byte, 4)
	}
	if err := s.collect(c, split); err != nil {
		return nil, err
	}
	return s.draw(c.Names), nil
}

// sheet is the examples of a contact sheet.
type sheet struct {
	p       problem.Problem
	n       int // of a row
	byClass bool
	rows    [][][]byte
}

// collect reads a split until all rows are full.
func (s *sheet) collect(c *Collection, split string) error {
	size, err := c.Size(split)
	if err != nil {
		return err
	}
	free := s.n * len(s.rows)
	const block = 256
	for from := 0; from < size && free > 0; from += block {
		part, err := c.Load(split, from, min(from+block, size))
		if err != nil {
			return err
		}
		for i := range part.Len() {
			row := (from + i) / s.n
			if s.byClass {
				row = int(uint32(part.Classes[i])) // an ignored label has no row
			}
			if row >= len(s.rows) || len(s.rows[row]) == s.n {
				continue
			}
			example := make([]byte, s.p.Bytes())
			if err := part.Read(example, i); err != nil {
				return err
			}
			s.rows[row] = append(s.rows[row], example)
			free--
		}
	}
	return nil
}

// draw lays out rows with their names.
func (s *sheet) draw(names []string) image.Image {
	height, width, _ := s.p.Image()
	h, w := cell(height, width)
	left := sheetGap
	if s.byClass {
		left += nameWidth*basicfont.Face7x13.Advance + sheetGap
	}
	out := image.NewRGBA(image.Rect(0, 0, left+s.n*(w+sheetGap), sheetGap+len(s.rows)*(h+sheetGap)))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	lo, hi := s.span()
	for r, row := range s.rows {
		top := sheetGap + r*(h+sheetGap)
		if s.byClass {
			writeName(out, className(names, r), top+h/2)
		}
		for i, example := range row {
			at := image.Rect(0, 0, w, h).Add(image.Pt(left+i*(w+sheetGap), top))
			scaler := draw.Scaler(draw.NearestNeighbor)
			if h < height {
				scaler = draw.BiLinear
			}
			img := s.image(example, lo, hi)
			scaler.Scale(out, at, img, img.Bounds(), draw.Src, nil)
		}
	}
	return out
}

// cell is the size at which images are shown.
func cell(height, width int) (h, w int) {
	long := max(height, width)
	if long <= mostCell {
		zoom := (leastCell + long - 1) / long
		return height * zoom, width * zoom
	}
	return max(1, height*mostCell/long), max(1, width*mostCell/long)
}

func className(names []string, class int) string {
	name := strconv.Itoa(class)
	if names != nil {
		name += " " + names[class]
	}
	if r := []rune(name); len(r) > nameWidth {
		name = string(r[:nameWidth-1]) + "~"
	}
	return name
}

func writeName(out draw.Image, name string, middle int) {
	d := font.Drawer{Dst: out, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(sheetGap, middle+4)}
	d.DrawString(name)
}

// span is the values shown as black and as white: 0 and 255 for bytes, else the range of the numbers shown.
func (s *sheet) span() (lo, hi float64) {
	if s.p.Type == problem.Uint8 {
		return 0, 255
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, row := range s.rows {
		for _, example := range row {
			for i := 0; i < len(example); i += 4 {
				v := number(s.p.Type, example[i:])
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	return lo, hi
}

// image is an example in colour, or gray if it has fewer than three channels.
func (s *sheet) image(example []byte, lo, hi float64) image.Image {
	height, width, channels := s.p.Image()
	size := len(example) / s.p.Size()
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	at := func(pixel, c int) uint8 {
		if channels < 3 {
			c = 0
		}
		i := pixel*channels + c
		if s.p.ChannelsFirst {
			i = c*height*width + pixel
		}
		return uint8(math.Round(255 * (number(s.p.Type, example[i*size:]) - lo) / max(hi-lo, math.SmallestNonzeroFloat32)))
	}
	for i := range height * width {
		out.SetRGBA(i%width, i/width, color.RGBA{at(i, 0), at(i, 1), at(i, 2), 255})
	}
	return out
}
