package files

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"

	"lossatlas/activities/problem"
)

func isParquet(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".parquet") }

// parquetDir is the folder with the Parquet files: a folder itself, or the folder
// data in it, as in data sets of Hugging Face; nil if neither has data.
func parquetDir(dir string, entries []fs.DirEntry) (string, []string) {
	if names := matching(entries, isParquet); len(names) > 0 {
		return dir, names
	}
	dir = filepath.Join(dir, "data")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", nil
	}
	return dir, matching(entries, isParquet)
}

// openParquet reads files of a folder in the natural order of their names.
func openParquet(dir string, names []string, opts Options) (*found, error) {
	f := &found{}
	as := f.assignNames(names)
	var how *pictures
	for _, name := range names {
		split := as[splitOf(name)]
		if split == "" {
			continue
		}
		path := filepath.Join(dir, name)
		p, err := openTable(path)
		if err == nil {
			err = f.addTable(p, split, &how, opts)
		}
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

// table is a Parquet file.
type table struct {
	path    string
	plain   *plainSpan
	file    *parquet.File
	starts  []int64 // the first row of each row group
	rows    int
	checked sync.Map // places whose pages were checked
}

func openTable(path string) (t *table, err error) {
	plain, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	defer recovered(path, &err)
	t = &table{path: path, plain: plain}
	if err := t.checkFooter(); err != nil {
		return nil, unusable(path, err)
	}
	if t.file, err = parquet.OpenFile(plain.file, plain.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)); err != nil {
		return nil, unusable(path, err)
	}
	rows := int64(0)
	for _, g := range t.file.RowGroups() {
		n := g.NumRows()
		if n < 0 || n > maxExamples-rows {
			return nil, fault(path, "announces %d rows in a row group", n)
		}
		t.starts = append(t.starts, rows)
		rows += n
	}
	if t.rows = int(rows); rows == 0 {
		return nil, fault(path, "has no rows")
	}
	return t, nil
}

// checkFooter returns an error unless the file is as long as its footer says, for which memory is taken.
func (t *table) checkFooter() error {
	var end [8]byte
	if t.plain.size < 12 {
		return errors.New("is no Parquet file: it is too short")
	}
	if err := t.plain.readAt(end[:], t.plain.size-8); err != nil {
		return err
	}
	if n := int64(binary.LittleEndian.Uint32(end[:])); string(end[4:]) != "PAR1" || n > t.plain.size-12 {
		return errors.New("is no Parquet file, or is truncated")
	}
	return nil
}

// recovered turns a panic about a damaged file into an error.
func recovered(path string, err *error) {
	if r := recover(); r != nil {
		*err = fault(path, "is damaged: %v", r)
	}
}

// The columns by which examples and labels are recognized, the first that is there.
var (
	pictureColumns = []string{"image", "img", "picture"}
	vectorColumns  = []string{"input_ids", "tokens", "ids", "x", "features", "inputs", "data"}
	labelColumns   = []string{"label", "labels", "fine_label", "y", "target", "targets", "class"}
)

// leaf is a column of numbers or bytes.
type leaf struct {
	path  []string
	index int
	list  bool
}

// column finds the first of some columns whose leaf is accepted.
func (t *table) column(names []string, accept func(path []string) bool) (leaf, bool) {
	for _, name := range names {
		for i, path := range t.file.Schema().Columns() {
			if path[0] == name && accept(path) {
				column, _ := t.file.Schema().Lookup(path...)
				return leaf{path, i, column.MaxRepetitionLevel > 0}, true
			}
		}
	}
	return leaf{}, false
}

func anyColumn([]string) bool { return true }

// addTable adds the rows of a file.
func (f *found) addTable(t *table, split string, how **pictures, opts Options) (err error) {
	defer recovered(t.path, &err)
	y, ok := t.column(labelColumns, anyColumn)
	if !ok {
		return fault(t.path, "has no column of labels: %s; expected one called %s", t.columns(), strings.Join(labelColumns, ", "))
	}
	p := part{split: split, path: t.path, n: t.rows}
	if p.labels, err = t.labels(y); err != nil {
		return err
	}
	if f.names == nil && !y.list {
		f.names = t.classNames(y.path[0])
	}
	isBytes := func(path []string) bool { return len(path) == 2 && path[1] == "bytes" }
	if x, ok := t.column(pictureColumns, isBytes); ok {
		err = f.tablePictures(t, x, &p, how, opts)
	} else if x, ok := t.column(vectorColumns, func(path []string) bool { return len(path) > 1 }); ok {
		err = f.tableVectors(t, x, &p, opts)
	} else {
		err = fault(t.path, "has no column of examples: %s; expected pictures (image: {bytes, path}) or lists of numbers called %s", t.columns(), strings.Join(vectorColumns, ", "))
	}
	f.parts = append(f.parts, p)
	return err
}

// columns are the names of the columns in messages.
func (t *table) columns() string {
	var names []string
	for _, path := range t.file.Schema().Columns() {
		names = append(names, strings.Join(path, "."))
	}
	return "it has " + strings.Join(names, ", ")
}

// tablePictures reads pictures from a column of bytes.
func (f *found) tablePictures(t *table, x leaf, p *part, how **pictures, opts Options) error {
	c := &cursor{table: t, leaf: x}
	if *how == nil {
		b, err := c.bytes(0)
		if err != nil {
			return err
		}
		first, err := newPictures(b, opts, f.note)
		if err != nil {
			return c.bad(0, err)
		}
		*how = &first
	}
	pictures := **how
	p.form = pictures.form()
	p.read = func(dst []byte, i int) error {
		b, err := c.bytes(i)
		if err != nil {
			return err
		}
		if err := pictures.decode(dst, b); err != nil {
			return c.bad(i, err)
		}
		return nil
	}
	return nil
}

// tableVectors reads lists of numbers, which all have the length of the first.
func (f *found) tableVectors(t *table, x leaf, p *part, opts Options) error {
	c := &cursor{table: t, leaf: x}
	first, err := c.numbers(0)
	if err != nil {
		return err
	}
	p.form = form{shape: []int{len(first)}, kind: opts.Type}
	if p.form.kind == "" {
		p.form.kind = problem.Float32
		if c.integers() {
			p.form.kind = problem.Int32
		}
	}
	if p.form.kind == problem.Uint8 {
		return fault(t.path, "has lists of numbers, which can't be read as %s", problem.Uint8)
	}
	p.read = func(dst []byte, i int) error {
		v, err := c.numbers(i)
		if err != nil {
			return err
		}
		if len(v) != len(first) {
			return c.bad(i, fmt.Errorf("has %d numbers, and the first record %d: cut or pad all to one length", len(v), len(first)))
		}
		for k, x := range v {
			if err := put(dst, k, x, p.form.kind); err != nil {
				return c.bad(i, err)
			}
		}
		return nil
	}
	return nil
}

// labels reads all of a column of labels.
func (t *table) labels(y leaf) (labels, error) {
	c := &cursor{table: t, leaf: y}
	l := labels{path: t.path + ", column " + y.path[0]}
	for i := range t.rows {
		v, err := c.numbers(i)
		if err != nil {
			return l, err
		}
		if i == 0 && y.list {
			l.shape = []int{len(v)}
		}
		if len(v) != l.places() {
			return l, c.bad(i, fmt.Errorf("has %d labels, and the first record %d", len(v), l.places()))
		}
		for _, x := range v {
			if c.integers() {
				l.ints = append(l.ints, int64(x))
			} else {
				l.floats = append(l.floats, float32(x))
			}
		}
	}
	return l, nil
}

// classNames are the names that Hugging Face keeps in the file for a column of classes.
func (t *table) classNames(column string) []string {
	text, _ := t.file.Lookup("huggingface")
	var meta struct {
		Info struct {
			Features map[string]json.RawMessage
		}
	}
	var feature struct{ Names []string }
	if json.Unmarshal([]byte(text), &meta) != nil || json.Unmarshal(meta.Info.Features[column], &feature) != nil {
		return nil
	}
	return feature.Names
}
