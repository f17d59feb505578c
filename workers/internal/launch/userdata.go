package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"lossatlas/activities/data"
	"lossatlas/activities/data/files"
	"lossatlas/artifacts"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/exit"
)

// userData is a data set from files of the user.
type userData struct {
	*data.Collection
}

// opened are the data sets from files that this process has opened, by what it was asked for: *userData. Parsing a sweep
// file asks for the same one for each experiment and preset.
var opened sync.Map

// openData opens data from files, whose path is relative to a folder.
func openData(folder string, c sweepfile.DataChoices) (*userData, error) {
	path := resolvePath(folder, c.Name)
	o := files.Options{TestFraction: c.Holdout, Seed: c.HoldoutSeed, Classes: c.Classes, Loss: c.Loss, Normalization: c.Normalization}
	if c.Labels != "" {
		o.Labels = resolvePath(folder, c.Labels)
	}
	if len(c.Resize) == 2 {
		o.Height, o.Width = c.Resize[0], c.Resize[1]
	}
	key := fmt.Sprintf("%s %#v", path, o)
	if known, ok := opened.Load(key); ok {
		return known.(*userData), nil
	}
	collection, err := files.Open(path, o)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(path); err != nil {
			return nil, exit.Usagef("there is no file or folder %s%s", path, similarFile(path))
		}
	}
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	known, _ := opened.LoadOrStore(key, &userData{Collection: collection})
	return known.(*userData), nil
}

// OpenData opens data from files, relative to the working directory.
func OpenData(path string, c sweepfile.DataChoices) (*data.Collection, error) {
	if len(c.Resize) != 0 && len(c.Resize) != 2 {
		return nil, exit.Usagef("a size of %d numbers: give a height and a width", len(c.Resize))
	}
	c.Name = path
	u, err := openData(".", c)
	if err != nil {
		return nil, err
	}
	return u.Collection, nil
}

// sizes are the numbers of examples of both splits.
func (u *userData) sizes() (train, test int, err error) {
	if train, err = u.Size(data.Train); err == nil {
		test, err = u.Size(data.Test)
	}
	return train, test, err
}

// pack passes the content of the data set to put, in parts, and returns its digest and how many parts it has, their list not
// counted.
func (u *userData) pack(put func([]byte) error) (digest string, parts int, err error) {
	var last []byte
	digest, err = data.Pack(u.Collection, func(b []byte) (string, error) {
		last = b
		return artifacts.Of(b).String(), put(b)
	})
	if err != nil {
		return "", 0, err
	}
	list, err := data.Parts(last)
	return digest, len(list), err
}
