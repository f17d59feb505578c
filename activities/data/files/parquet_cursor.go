package files

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"

	"lossatlas/activities/data"
)

// cursor reads the rows of a column. The next row is read fast; others are searched. It is safe for concurrent use.
type cursor struct {
	table *table
	leaf  leaf

	mu     sync.Mutex
	group  int // of the open pages
	next   int // row that comes next, if pages are open
	pages  parquet.Pages
	values parquet.ValueReader
	buffer []parquet.Value // read, not used
	space  [64]parquet.Value
}

// bad is an error about a row.
func (c *cursor) bad(row int, cause error) error {
	return &data.FileError{Path: c.table.path + ", column " + c.leaf.path[0], Size: -1, Record: row, Offset: -1, Cause: cause}
}

// integers reports whether the column has integers, or flags.
func (c *cursor) integers() bool {
	switch c.table.file.RowGroups()[0].ColumnChunks()[c.leaf.index].Type().Kind() {
	case parquet.Int32, parquet.Int64, parquet.Boolean:
		return true
	}
	return false
}

// bytes is the value of a row of bytes.
func (c *cursor) bytes(row int) (b []byte, err error) {
	err = c.read(row, func(v parquet.Value) error {
		if v.Kind() != parquet.ByteArray || v.IsNull() {
			return errors.New("holds no bytes")
		}
		b = slices.Clone(v.ByteArray())
		return nil
	})
	if err == nil && b == nil {
		err = c.bad(row, errors.New("holds no bytes"))
	}
	return b, err
}

// numbers are the values of a row of numbers.
func (c *cursor) numbers(row int) (v []float64, err error) {
	err = c.read(row, func(x parquet.Value) error {
		n, err := toNumber(x)
		v = append(v, n)
		if err == nil && len(v) > maxList {
			err = fmt.Errorf("has more than %d numbers", maxList)
		}
		return err
	})
	return v, err
}

// maxList bounds the numbers of one row.
const maxList = 1 << 24

func toNumber(v parquet.Value) (float64, error) {
	if v.IsNull() {
		return 0, errors.New("holds no value")
	}
	switch v.Kind() {
	case parquet.Boolean:
		if v.Boolean() {
			return 1, nil
		}
		return 0, nil
	case parquet.Int32:
		return float64(v.Int32()), nil
	case parquet.Int64:
		return float64(v.Int64()), nil
	case parquet.Float:
		return float64(v.Float()), nil
	case parquet.Double:
		return v.Double(), nil
	}
	return 0, fmt.Errorf("holds values of the type %s; expected numbers", strings.ToLower(v.Kind().String()))
}

// read calls use with the values of a row: one value, or the values of a list.
func (c *cursor) read(row int, use func(parquet.Value) error) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("is damaged: %v", r)
		}
		if err != nil {
			c.close()
			err = c.bad(row, err)
		}
	}()
	if err := c.seek(row); err != nil {
		return err
	}
	for n := 0; ; n++ {
		v, err := c.peek()
		if errors.Is(err, io.EOF) && n > 0 || err == nil && n > 0 && v.RepetitionLevel() == 0 {
			break
		}
		if err != nil {
			return err
		}
		c.buffer = c.buffer[1:]
		if err := use(v); err != nil {
			return err
		}
	}
	c.next = row + 1
	return nil
}

func (c *cursor) close() {
	if c.pages != nil {
		c.pages.Close()
	}
	c.pages, c.values, c.buffer = nil, nil, nil
}

// seek makes a row the next one.
func (c *cursor) seek(row int) error {
	starts := c.table.starts
	group, exact := slices.BinarySearch(starts, int64(row))
	if !exact {
		group--
	}
	if c.pages != nil && c.group == group && c.next == row {
		return nil
	}
	c.close()
	if err := c.table.checkPages(group, c.leaf.index); err != nil {
		return err
	}
	c.pages, c.group = c.table.file.RowGroups()[group].ColumnChunks()[c.leaf.index].Pages(), group
	return c.pages.SeekToRow(int64(row) - starts[group])
}

// peek is the value that comes next, without taking it.
func (c *cursor) peek() (parquet.Value, error) {
	for len(c.buffer) == 0 {
		if c.values != nil {
			n, err := c.values.ReadValues(c.space[:])
			if err != nil && !errors.Is(err, io.EOF) {
				return parquet.Value{}, err
			}
			if c.buffer = c.space[:n]; n > 0 {
				break
			}
		}
		page, err := c.pages.ReadPage()
		if err != nil {
			return parquet.Value{}, err
		}
		c.values = page.Values()
	}
	return c.buffer[0], nil
}
