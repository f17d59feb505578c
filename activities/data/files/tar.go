package files

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/data"
)

// The webdataset format: tar archives in which files with one key, the name up
// to the first point, are one example: key.png and key.cls, or key.json with a label.

var tarName = regexp.MustCompile(`(?i)\.(tar|tar\.gz|tgz)$`)

func isTar(name string) bool { return tarName.MatchString(name) }

// openShards reads archives of a folder in the natural order of their names.
func openShards(dir string, names []string, opts Options) (*found, error) {
	f := &found{}
	as := f.assignNames(names)
	var how *pictures
	for _, name := range names {
		split := as[splitOf(name)]
		if split == "" {
			continue
		}
		s, err := openShard(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if err := f.addShard(s, split, &how, opts); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// shard is an archive, of which the places of the examples are known.
type shard struct {
	path     string
	bytes    span // of the archive, unpacked
	examples []member
}

// member is a picture in an archive, with its label.
type member struct {
	key     string
	offset  int64
	size    int64 // 0 where the picture is missing
	class   int64
	labeled bool
}

// addShard adds the examples of an archive. how is set by the first picture of all.
func (f *found) addShard(s *shard, split string, how **pictures, opts Options) error {
	if len(s.examples) == 0 {
		return fault(s.path, "holds no examples; expected pictures (%s), each with a .cls or .json file of the same name", strings.Join(pictureEndings, ", "))
	}
	classes := make([]int64, len(s.examples))
	for i, m := range s.examples {
		classes[i] = m.class
	}
	if *how == nil {
		b, err := s.picture(0)
		if err != nil {
			return err
		}
		p, err := newPictures(b, opts, f.note)
		if err != nil {
			return fault(s.path+", "+s.examples[0].key, "%v", err)
		}
		*how = &p
	}
	p := **how
	read := func(dst []byte, i int) error {
		b, err := s.picture(i)
		if err != nil {
			return err
		}
		if err := p.decode(dst, b); err != nil {
			return fault(s.path+", "+s.examples[i].key, "%v", err)
		}
		return nil
	}
	f.parts = append(f.parts, part{split: split, path: s.path, n: len(classes), form: p.form(), labels: labels{path: s.path, ints: classes}, read: read})
	return nil
}

// picture reads the encoded picture of an example.
func (s *shard) picture(i int) ([]byte, error) {
	m := s.examples[i]
	b := make([]byte, m.size)
	if err := s.bytes.readAt(b, m.offset); err != nil {
		return nil, &data.FileError{Path: s.path, Size: -1, Record: i, Offset: m.offset, Cause: err}
	}
	return b, nil
}

// openShard lists the members of an archive.
func openShard(file string) (*shard, error) {
	plain, err := openPlain(file)
	if err != nil {
		return nil, err
	}
	s := &shard{path: file, bytes: plain}
	whole := func() io.ReadSeeker { return io.NewSectionReader(plain.file, 0, plain.size) }
	if strings.HasSuffix(strings.ToLower(file), ".tar") {
		r := whole()
		err = s.list(r, func() int64 { at, _ := r.Seek(0, io.SeekCurrent); return at })
	} else {
		open := func() (io.ReadCloser, error) { return gzip.NewReader(whole()) }
		s.bytes = &packedSpan{open: open}
		var zip io.ReadCloser
		if zip, err = open(); err == nil {
			counted := &countingReader{Reader: zip}
			err = s.list(counted, func() int64 { return counted.n })
			zip.Close()
		}
	}
	if err == nil {
		err = s.check(plain)
	}
	if err != nil {
		return nil, unusable(file, err)
	}
	return s, nil
}

// list reads the headers of the members, and the labels. at is the place of the reader in the archive.
func (s *shard) list(r io.Reader, at func() int64) error {
	index := map[string]int{}
	for members := tar.NewReader(r); ; {
		head, err := members.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		dir, base := path.Split(head.Name)
		key, ending, ok := strings.Cut(base, ".")
		if head.Typeflag != tar.TypeReg || !ok || key == "" {
			continue
		}
		key = dir + key
		i, known := index[key]
		if !known {
			i = len(s.examples)
			index[key] = i
			s.examples = append(s.examples, member{key: key})
		}
		if err := s.examples[i].add(strings.ToLower(ending), head.Size, at(), members); err != nil {
			return fmt.Errorf("%s: %w", head.Name, err)
		}
	}
}

// add takes the picture or the label out of a member; others are passed over.
func (m *member) add(ending string, size, at int64, r io.Reader) error {
	if isPicture("." + ending) {
		if m.size > 0 {
			return errors.New("is a second picture of one example")
		}
		if size < 1 || size > maxPicture {
			return fmt.Errorf("has %d bytes; pictures have 1 to %d", size, maxPicture)
		}
		m.offset, m.size = at, size
		return nil
	}
	if ending != "cls" && ending != "json" || m.labeled {
		return nil
	}
	const most = 1 << 16
	b, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return err
	}
	if m.class, m.labeled = parseClass(ending, b); !m.labeled && ending == "cls" {
		return fmt.Errorf("holds %.20q; expected the number of a class", b)
	}
	return nil
}

// parseClass reads the number of a class in text, or in the member "label", "cls" or "class" of a JSON object.
func parseClass(ending string, b []byte) (class int64, ok bool) {
	if ending == "cls" {
		class, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 32)
		return class, err == nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(b, &object) != nil {
		return 0, false
	}
	for _, name := range []string{"label", "cls", "class"} {
		if json.Unmarshal(object[name], &class) == nil {
			return class, true
		}
	}
	return 0, false
}

// check drops keys that have no picture, and returns an error for a picture without a label.
func (s *shard) check(plain *plainSpan) error {
	s.examples = slices.DeleteFunc(s.examples, func(m member) bool { return m.size == 0 })
	for _, m := range s.examples {
		if !m.labeled {
			return fmt.Errorf("%s has no label; expected a file %s.cls with the number of its class, or %s.json with a label", m.key, m.key, m.key)
		}
		if s.bytes == span(plain) && m.size > plain.size-m.offset {
			return fmt.Errorf("%s ends behind the end of the file, which is truncated", m.key)
		}
	}
	return nil
}
