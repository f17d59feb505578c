package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/data"
)

// pictureEndings are the file name extensions of pictures.
var pictureEndings = []string{".png", ".jpg", ".jpeg", ".webp", ".bmp"}

func isPicture(name string) bool {
	return slices.Contains(pictureEndings, strings.ToLower(filepath.Ext(name)))
}

// openPictures reads a folder of pictures by class, or one of such folders by
// split; nil if the folder has neither.
func openPictures(path string, entries []fs.DirEntry, opts Options) (*found, error) {
	var folders, splits []string
	for _, e := range entries {
		if isFolder(path, e) {
			folders = append(folders, e.Name())
			if _, ok := splitWords[strings.ToLower(e.Name())]; ok {
				splits = append(splits, e.Name())
			}
		}
	}
	if len(folders) == 0 {
		return nil, nil
	}
	if len(splits) != len(folders) {
		return openClasses(map[string]string{data.Train: path}, opts)
	}
	dirs := map[string]string{}
	for _, name := range splits {
		split := splitOf(name)
		if dirs[split] != "" {
			return nil, fault(path, "has the folders %s and %s, which both are a %s split; keep one", filepath.Base(dirs[split]), name, split)
		}
		dirs[split] = filepath.Join(path, name)
	}
	return openClasses(dirs, opts)
}

// isFolder reports whether an entry is a folder, or a link to one, that is not hidden.
func isFolder(dir string, e fs.DirEntry) bool {
	if strings.HasPrefix(e.Name(), ".") {
		return false
	}
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

// openClasses reads the folders of splits, each with a folder for each class.
func openClasses(dirs map[string]string, opts Options) (*found, error) {
	f := &found{}
	var have []string
	for split := range dirs {
		have = append(have, split)
	}
	as := f.assign(have)
	lists := map[string]map[string][]string{} // pictures by split and class
	for from, dir := range dirs {
		if as[from] == "" {
			continue
		}
		classes, err := listClasses(dir)
		if err != nil {
			return nil, err
		}
		lists[as[from]] = classes
		for name := range classes {
			if !slices.Contains(f.names, name) {
				f.names = append(f.names, name)
			}
		}
	}
	slices.Sort(f.names)
	for _, split := range []string{data.Train, data.Test} {
		if err := f.addPictures(split, lists[split], opts); err != nil {
			return nil, err
		}
	}
	if len(f.parts) == 0 {
		return nil, nil
	}
	if i := slices.IndexFunc(f.names, isNumber); i >= 0 && f.names[i] != strconv.Itoa(i) {
		f.note("classes are numbered by the names of their folders in alphabetical order, as torchvision and Keras do: class %d is the folder %s", i, f.names[i])
	}
	f.note("pictures are numbered in turns, one of each class after the other, so that a range has all classes")
	return f, nil
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// listClasses lists the pictures in each folder of a folder, sorted by name.
// Every folder must have some if one has: classes are numbered by folders.
func listClasses(dir string) (map[string][]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, unusable(dir, err)
	}
	classes := map[string][]string{}
	empty := ""
	for _, e := range entries {
		if !isFolder(dir, e) {
			continue
		}
		class := filepath.Join(dir, e.Name())
		files, err := os.ReadDir(class)
		if err != nil {
			return nil, unusable(class, err)
		}
		for _, file := range files {
			if !file.IsDir() && isPicture(file.Name()) && !strings.HasPrefix(file.Name(), ".") {
				classes[e.Name()] = append(classes[e.Name()], filepath.Join(class, file.Name()))
			}
		}
		if classes[e.Name()] == nil {
			empty = class
		}
	}
	if empty != "" && len(classes) > 0 {
		return nil, fault(empty, "holds no pictures (%s), and other folders of classes do: remove it or add its pictures", strings.Join(pictureEndings, ", "))
	}
	return classes, nil
}

// addPictures adds the pictures of a split, in turns of the classes.
func (f *found) addPictures(split string, lists map[string][]string, opts Options) error {
	var paths []string
	var classes []int64
	for i := 0; ; i++ {
		before := len(paths)
		for class, name := range f.names {
			if list := lists[name]; i < len(list) {
				paths, classes = append(paths, list[i]), append(classes, int64(class))
			}
		}
		if len(paths) == before {
			break
		}
	}
	if len(paths) == 0 {
		return nil
	}
	b, err := readPicture(paths[0])
	if err != nil {
		return err
	}
	how, err := newPictures(b, opts, f.note)
	if err != nil {
		return fault(paths[0], "%v", err)
	}
	read := func(dst []byte, i int) error {
		b, err := readPicture(paths[i])
		if err != nil {
			return err
		}
		if err := how.decode(dst, b); err != nil {
			return fault(paths[i], "%v", err)
		}
		return nil
	}
	dir := filepath.Dir(filepath.Dir(paths[0]))
	f.parts = append(f.parts, part{split: split, path: dir, n: len(paths), form: how.form(), labels: labels{path: dir, ints: classes}, read: read})
	return nil
}

// maxPicture bounds the bytes of an encoded picture.
const maxPicture = 1 << 28

func readPicture(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxPicture {
		return nil, fault(path, "is no picture file of at most %d bytes", maxPicture)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	return b, nil
}
