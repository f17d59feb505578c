package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lossatlas/activities/data"
)

// Open reads a file or folder: its labels, and the form of its
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
	dir, base := filepath.Split(path)
	switch {
	case isIDX(base):
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, unusable(dir, err)
		}
		return openIDXFolder(dir, entries, base, opts)
	case isCIFAR(base):
		return openCIFAR(dir, []string{base}, opts)
	case isTar(name):
		return openShards(dir, []string{base}, opts)
	case isParquet(name):
		return openParquet(dir, []string{base}, opts)
	case strings.HasSuffix(name, ".npz"):
		return openNPZ(path, opts)
	case strings.HasSuffix(name, ".npy"):
		return openArrays(path, opts)
	}
	return nil, fault(path, "has an ending that stands for no data format; expected %s", allowed)
}

// openArrays reads the examples of one .npy file and the labels of another one.
func openArrays(path string, opts Options) (*found, error) {
	if opts.Labels == "" {
		return nil, fault(path, "holds examples only; name the .npy file with their labels, too, or save both with numpy.savez(FILE, x=..., y=...)")
	}
	f := &found{}
	return f, f.addArrays(path, opts.Labels, data.Train, opts)
}

func isNPY(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".npy") }

// openNPYs reads .npy files of a folder, which have the names that arrays of an .npz file have.
func openNPYs(dir string, names []string, opts Options) (*found, error) {
	stems := make([]string, len(names))
	for i, name := range names {
		stems[i] = name[:len(name)-len(".npy")]
	}
	splits, err := findRoles(dir, stems)
	if err != nil {
		return nil, err
	}
	f := &found{}
	file := func(stem string) string { return filepath.Join(dir, names[slices.Index(stems, stem)]) }
	for _, r := range splits.used(f) {
		if err := f.addArrays(file(r.examples), file(r.labels), r.split, opts); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// addArrays adds the part of two .npy files.
func (f *found) addArrays(examples, of, split string, opts Options) error {
	x, err := openNPY(examples)
	if err != nil {
		return err
	}
	y, err := readNPYLabels(of)
	if err != nil {
		return err
	}
	p, err := x.part(split, y, opts, f.note)
	f.parts = append(f.parts, p)
	return err
}

// openFolder detects the format of a folder.
func openFolder(path string, opts Options) (*found, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	for _, form := range []struct {
		is   func(name string) bool
		open func(dir string, names []string, opts Options) (*found, error)
	}{{isCIFAR, openCIFAR}, {isTar, openShards}, {isNPY, openNPYs}} {
		if names := matching(entries, form.is); len(names) > 0 {
			return form.open(path, names, opts)
		}
	}
	if dir, names := parquetDir(path, entries); len(names) > 0 {
		return openParquet(dir, names, opts)
	}
	if f, err := openIDXFolder(path, entries, "", opts); f != nil || err != nil {
		return f, err
	}
	if f, err := openPictures(path, entries, opts); f != nil || err != nil {
		return f, err
	}
	return nil, fault(path, "holds %s; expected %s", listing(entries), allowed)
}

// matching are the names of the files of a folder that belong to a form.
func matching(entries []fs.DirEntry, is func(name string) bool) (names []string) {
	for _, e := range entries {
		if !e.IsDir() && is(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
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
