package files

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"lossatlas/activities/data"
)

// The binary version of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): records of
// one label, or a coarse and a fine label, and 32×32 pixels, plane by plane.
const (
	cifarSide   = 32
	cifarPixels = 3 * cifarSide * cifarSide
)

// cifarName is a file of CIFAR-10, or else of CIFAR-100.
var cifarName = regexp.MustCompile(`^(?:(data_batch_[0-9]+|test_batch)|train|test)\.bin$`)

func isCIFAR(name string) bool { return cifarName.MatchString(name) }

// openCIFAR reads files of a folder.
func openCIFAR(dir string, names []string, opts Options) (*found, error) {
	f := &found{}
	as := f.assignNames(names)
	for _, name := range names {
		if err := f.addCIFAR(filepath.Join(dir, name), as[splitOf(name)], opts); err != nil {
			return nil, err
		}
	}
	f.names = cifarNames(dir, f)
	return f, nil
}

// addCIFAR adds the records of a file, with the last label of each.
func (f *found) addCIFAR(path, split string, opts Options) error {
	plain, err := openPlain(path)
	if err != nil {
		return err
	}
	head := 2
	if m := cifarName.FindStringSubmatch(filepath.Base(path)); m[1] != "" {
		head = 1
	} else {
		f.note("the fine labels of CIFAR-100 are used")
	}
	record := int64(head + cifarPixels)
	n := int(plain.size / record)
	if n == 0 || plain.size%record != 0 {
		return fault(path, "has %d bytes; expected records of %d bytes: %d of labels and %d pixels", plain.size, record, head, cifarPixels)
	}
	classes := make([]int64, n)
	for i := range classes {
		var label [1]byte
		if err := plain.readAt(label[:], int64(i)*record+int64(head)-1); err != nil {
			return unusable(path, err)
		}
		classes[i] = int64(label[0])
	}
	p := pictures{height: cifarSide, width: cifarSide, channels: 3, first: opts.Layout == ChannelsFirst}
	read := func(dst []byte, i int) error {
		planes := make([]byte, cifarPixels)
		if err := plain.readAt(planes, int64(i)*record+int64(head)); err != nil {
			return &data.FileError{Path: path, Size: -1, Record: i, Offset: int64(i) * record, Cause: err}
		}
		p.storePlanes(dst, planes)
		return nil
	}
	f.parts = append(f.parts, part{split: split, path: path, n: n, form: p.form(), labels: labels{path: path, ints: classes}, read: read})
	return nil
}

// storePlanes writes bytes that are one plane for each channel.
func (p pictures) storePlanes(dst, planes []byte) {
	if p.first {
		copy(dst, planes)
		return
	}
	plane := p.height * p.width
	for i := range dst {
		dst[i] = planes[i%p.channels*plane+i/p.channels]
	}
}

// cifarNames are the names of the classes from the text file next to the data,
// nil if no reader fits.
func cifarNames(dir string, f *found) []string {
	for _, name := range []string{"batches.meta.txt", "fine_label_names.txt"} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > 1<<16 {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		names := strings.Fields(string(b))
		if n := len(names); n > 0 && f.largestClass() < int64(n) {
			return names
		}
	}
	return nil
}

func (f *found) largestClass() int64 {
	largest := int64(0)
	for _, p := range f.parts {
		largest = max(largest, slices.Max(p.ints))
	}
	return largest
}
