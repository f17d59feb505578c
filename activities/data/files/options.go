package files

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/data"
	"lossatlas/activities/problem"
)

// The normalizations by name. Means and deviations can be given instead.
const (
	NoNormalization = "none"     // networks take the numbers of the files
	UnitRange       = "unit"     // bytes are divided by 255
	Computed        = "computed" // by mean and deviation of each channel over the training split
)

// The places of channels in the shape of an example.
const (
	ChannelsFirst = "channels_first" // [channels, height, width], as in PyTorch
	ChannelsLast  = "channels_last"  // [height, width, channels]
)

// Options gives values that can't be derived from files, or replaces derived ones. The
// zero value derives everything.
type Options struct {
	// Labels is the .npy file with the labels of the examples of another .npy file.
	Labels string
	// Loss is a name in the table of losses. By default, integer labels are
	// classes under cross-entropy, and other numbers are targets of the mean squared error.
	Loss string
	// Classes is the number of classes; by default as many as there are names, or the largest label and one.
	Classes int
	// Normalization is one of the names above. By default bytes of pictures are
	// divided by 255, and other numbers stay unchanged.
	Normalization string
	// Mean and Deviation are the normalization, one number for each channel or one for all.
	Mean, Deviation []float64
	// TestFraction is which part of the examples becomes the test split, chosen at
	// random by Seed, where the files have no test split. 0 leaves the test split empty.
	TestFraction float64
	Seed         uint64
	// First is how many examples of each split are used at most; 0 means all.
	First int
	// Height and Width are the size to which pictures are resized; 0 means that all must have one size.
	Height, Width int
	// Channels is 1 to read pictures as gray and 3 to read them as colour; 0 means as the first picture is.
	Channels int
	// Layout is where examples have their channels. By default arrays are
	// searched for an axis of 1, 3 or 4 channels, and pictures have them last.
	Layout string
	// Type is that of the numbers of arrays. By default bytes stay bytes, other
	// integers are indices such as tokens, and all else is float32.
	Type problem.Type
	// Resident is as of data.Options.
	Resident int
}

// check returns an error that names the option and the allowed values.
func (o Options) check() error {
	switch {
	case o.Loss != "" && !slices.Contains(problem.Losses(), o.Loss):
		return fmt.Errorf("there is no loss %q: choose one of %s", o.Loss, strings.Join(problem.Losses(), ", "))
	case o.Classes < 0 || o.First < 0:
		return fmt.Errorf("%d classes and the first %d examples: both are 0 (derived, all) or more", o.Classes, o.First)
	case !slices.Contains([]string{"", NoNormalization, UnitRange, Computed}, o.Normalization):
		return fmt.Errorf("there is no normalization %q: choose %s, %s or %s, or give mean and deviation", o.Normalization, NoNormalization, UnitRange, Computed)
	case o.Normalization != "" && len(o.Mean)+len(o.Deviation) > 0:
		return fmt.Errorf("the normalization %s and a mean or deviation: give one or the other", o.Normalization)
	case !(o.TestFraction >= 0 && o.TestFraction < 1) || math.IsNaN(o.TestFraction):
		return fmt.Errorf("the test fraction is %g: it is at least 0 and less than 1", o.TestFraction)
	case !slices.Contains([]string{"", ChannelsFirst, ChannelsLast}, o.Layout):
		return fmt.Errorf("there is no layout %q: choose %s or %s", o.Layout, ChannelsFirst, ChannelsLast)
	case !slices.Contains([]problem.Type{"", problem.Uint8, problem.Float32, problem.Int32}, o.Type):
		return fmt.Errorf("there is no type %q: choose %s, %s or %s", o.Type, problem.Uint8, problem.Float32, problem.Int32)
	}
	return o.checkPictures()
}

func (o Options) checkPictures() error {
	if (o.Height == 0) != (o.Width == 0) || min(o.Height, o.Width) < 0 || max(o.Height, o.Width) > maxSide {
		return fmt.Errorf("pictures are resized to %d×%d: give a height and a width of 1 to %d", o.Height, o.Width, maxSide)
	}
	if o.Channels != 0 && o.Channels != 1 && o.Channels != 3 {
		return fmt.Errorf("pictures with %d channels: choose 1 (gray) or 3 (colour)", o.Channels)
	}
	return nil
}

// maxSide bounds the height and width to which pictures are resized.
const maxSide = 1 << 14

// fault is an error about a whole file.
func fault(path, format string, args ...any) error {
	return &data.FileError{Path: path, Size: -1, Record: -1, Want: fmt.Sprintf(format, args...)}
}

// unusable is an error about a whole file that has a cause.
func unusable(path string, cause error) error {
	return &data.FileError{Path: path, Size: -1, Record: -1, Cause: cause}
}
