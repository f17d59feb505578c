package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lossatlas/activities/data"
)

// Open reads what a file or folder holds: its labels, and the form of its
// examples, which are read when they are loaded. An option that does not fit is
// an error; a file that can't be used is a *data.FileError.
func Open(path string, opts Options) (*data.Collection, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(path) // the working directory may change later
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	read := openFile
	if info.IsDir() {
		read = openFolder
	}
	f, err := read(path, opts)
	if err != nil {
		return nil, err
	}
	return f.collect(path, opts)
}

// allowed lists the forms for messages.
const allowed = "an .npz or .npy file, a folder of pictures by class, IDX files (MNIST), CIFAR binaries, a .parquet file or a .tar file of a webdataset"

// openFile reads a file by its name.
func openFile(path string, opts Options) (*found, error) {
	name := strings.ToLower(filepath.Base(path))
	if opts.Labels != "" && filepath.Ext(name) != ".npy" {
		return nil, fault(path, "has its own labels; a file of labels goes with an .npy file only")
	}
	switch {
	case strings.HasSuffix(name, ".npz"):
		return openNPZ(path, opts)
	case strings.HasSuffix(name, ".npy"):
		return openArrays(path, opts)
	}
	return nil, fault(path, "has a name that tells no form of data; expected %s", allowed)
}

// openArrays reads the examples of one .npy file and the labels of another one.
func openArrays(path string, opts Options) (*found, error) {
	if opts.Labels == "" {
		return nil, fault(path, "holds examples only; name the .npy file with their labels, too, or save both with numpy.savez(FILE, x=..., y=...)")
	}
	x, err := openNPY(path)
	if err != nil {
		return nil, err
	}
	y, err := readNPYLabels(opts.Labels)
	if err != nil {
		return nil, err
	}
	f := &found{}
	p, err := x.part(data.Train, y, opts, f.note)
	f.parts = []part{p}
	return f, err
}

// openFolder finds out what a folder holds.
func openFolder(path string, opts Options) (*found, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	if f, err := openPictures(path, entries, opts); f != nil || err != nil {
		return f, err
	}
	return nil, fault(path, "holds %s; expected %s", listing(entries), allowed)
}

// listing names the first entries of a folder.
func listing(entries []fs.DirEntry) string {
	if len(entries) == 0 {
		return "nothing"
	}
	var names []string
	for _, e := range entries[:min(len(entries), 8)] {
		names = append(names, e.Name())
	}
	if len(entries) > len(names) {
		names = append(names, "...")
	}
	return strings.Join(names, ", ")
}
