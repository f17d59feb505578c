package module

import "fmt"

// Shape is the shape of one example's activations: an image of Height×Width×Channels; when Flat, a vector of Channels
// features; with a Length, a sequence of as many tokens of Channels features each, or, without channels, of indices.
type Shape struct {
	Height, Width, Channels int
	Flat                    bool
	Length                  int
}

// String is the shape as it appears in messages: "32×32×3 (height×width×channels)", "64 features", "16 tokens of 64 features".
func (s Shape) String() string {
	switch {
	case s.IsIndices():
		return fmt.Sprintf("%d indices", s.Length)
	case s.IsSequence():
		return fmt.Sprintf("%d tokens of %d features", s.Length, s.Channels)
	case s.Flat:
		return fmt.Sprintf("%d features", s.Channels)
	}
	return fmt.Sprintf("%d×%d×%d (height×width×channels)", s.Height, s.Width, s.Channels)
}

// IsIndices reports whether the activations are integers, such as the places of words in a vocabulary.
func (s Shape) IsIndices() bool { return s.Length > 0 && s.Channels == 0 }

// IsSequence reports whether the activations are tokens of features.
func (s Shape) IsSequence() bool { return s.Length > 0 && s.Channels > 0 }

// IsImage reports whether the activations are an image.
func (s Shape) IsImage() bool { return !s.Flat && s.Length == 0 }

// Size is the number of elements of one example's activations.
func (s Shape) Size() int64 {
	switch {
	case s.Flat:
		return int64(s.Channels)
	case s.Length > 0:
		return int64(s.Length) * int64(max(s.Channels, 1))
	}
	return int64(s.Height) * int64(s.Width) * int64(s.Channels)
}

// Spatial returns an error when the layer kind, which works on images, gets something else.
func (s Shape) Spatial(kind string) error {
	switch {
	case s.Flat:
		return fmt.Errorf("%s needs an image but gets %v: put it before the flatten layer", kind, s)
	case s.Length > 0:
		return fmt.Errorf("%s needs an image but gets %v: put it before the tokens layer, if there is one", kind, s)
	}
	return nil
}

// sequence returns an error when the layer kind, which works on tokens, gets something else.
func (s Shape) sequence(kind string) error {
	switch {
	case s.IsSequence():
		return nil
	case s.IsIndices():
		return fmt.Errorf("%s needs tokens of features but gets %v: put an embedding before it", kind, s)
	case s.Flat:
		return fmt.Errorf("%s needs tokens of features but gets %v", kind, s)
	}
	return fmt.Errorf("%s needs tokens of features but gets an image of %v: put a tokens layer before it", kind, s)
}

// MaxSide is the largest height and width of an image.
const MaxSide = 1024

// Window is the geometry of windows on an image, rows first.
type Window struct {
	Kernel, Stride, Padding, Dilation Sides
	Ceil                              bool // windows may reach beyond the padding
}

// Over returns the number of positions of a window on the padded image along each axis,
//
//	⌊(size + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1
//
// With Ceil the quotient is rounded up, unless the last window would begin beyond the image and its first padding.
func (w Window) Over(kind string, in Shape) (height, width int, err error) {
	if err := in.Spatial(kind); err != nil {
		return 0, 0, err
	}
	var out Sides
	for i, size := range []int{in.Height, in.Width} {
		k, s, p, d := w.Kernel[i], w.Stride[i], w.Padding[i], max(1, w.Dilation[i])
		if k < 1 || s < 1 || p < 0 || size+2*p < 0 {
			return 0, 0, fmt.Errorf("%s has kernel %v, stride %v, padding %v: kernel and stride are at least 1, padding at least 0", kind, w.Kernel, w.Stride, w.Padding)
		}
		if k-1 > (size+2*p-1)/d {
			return 0, 0, fmt.Errorf("%s: kernel %v%s is larger than its padded input of %d×%d", kind, w.Kernel, w.dilated(), in.Height+2*w.Padding[0], in.Width+2*w.Padding[1])
		}
		room := size + 2*p - d*(k-1) - 1
		out[i] = room/s + 1
		if w.Ceil && room%s != 0 && out[i]*s < size+p {
			out[i]++
		}
	}
	if out[0] > MaxSide || out[1] > MaxSide {
		return 0, 0, fmt.Errorf("%s: its padding makes the image %d×%d, and %d is the largest side", kind, out[0], out[1], MaxSide)
	}
	return out[0], out[1], nil
}

func (w Window) dilated() string {
	if w.Dilation == (Sides{}) || w.Dilation == Square(1) {
		return ""
	}
	return fmt.Sprintf(" with dilation %v", w.Dilation)
}
