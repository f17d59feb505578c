package data

import "fmt"

// The shape of an example. Every data set of this package has 32×32 RGB
// images, stored plane by plane (channel, row, column), as the CIFAR-10 files
// store them.
const (
	Channels  = 3
	Height    = 32
	Width     = 32
	Plane     = Height * Width   // pixels of one channel
	ImageSize = Channels * Plane // bytes of one image
	Classes   = 10
)

// Mean and Std normalise a pixel byte v of channel c to (v/255 − Mean[c])/Std[c],
// in the order red, green, blue: the constants of the paper's CIFAR-10
// experiments. They are used for every data set, so that networks and
// checkpoints can be carried from one to another.
var (
	Mean = [Channels]float64{125.3 / 255, 123.0 / 255, 113.9 / 255}
	Std  = [Channels]float64{63.0 / 255, 62.1 / 255, 66.7 / 255}
)

// Split is a run of labelled images of a data set. The labels are in memory.
// So are the pixels, unless there are more than fit well: then they stay in
// their files, and Read gets them from there each time.
type Split struct {
	Name   string  // which part of the data set: "train" or "test"
	Pixels []uint8 // Len()×3×32×32, CHW; nil when they stay in files
	Labels []uint8 // Len() classes, 0 to 9
	files  *records
}

// Len is the number of images.
func (s Split) Len() int { return len(s.Labels) }

// Image is the i-th image of a split in memory: 3×32×32 bytes that share memory with the split.
func (s Split) Image(i int) []uint8 { return s.Pixels[i*ImageSize : (i+1)*ImageSize : (i+1)*ImageSize] }

// Read copies the pixels of the first len(dst)/ImageSize images from the i-th on
// into dst (CHW), from memory or from their files. A file that can't be read or
// has changed is a *FileError.
func (s Split) Read(dst []uint8, i int) error {
	if s.files != nil {
		return s.files.read(dst, nil, i)
	}
	copy(dst, s.Pixels[i*ImageSize:i*ImageSize+len(dst)])
	return nil
}

// Slice is the images from ≤ i < to. It shares memory with s and, as the
// slice expression s[from:to] would, panics when the range isn't inside.
func (s Split) Slice(from, to int) Split {
	if from < 0 || to < from || to > s.Len() {
		panic(fmt.Sprintf("data: slice [%d:%d] of a split of %d images", from, to, s.Len()))
	}
	part := Split{Name: s.Name, Labels: s.Labels[from:to:to]}
	if s.files != nil {
		part.files = &records{files: s.files.files, from: s.files.from + from}
	} else {
		part.Pixels = s.Pixels[from*ImageSize : to*ImageSize : to*ImageSize]
	}
	return part
}
