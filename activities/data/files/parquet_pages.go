package files

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The library takes as much memory as the header of a page announces. So the
// headers are read before, and pages larger than these are refused.
const (
	maxPage       = 1 << 28 // bytes
	maxPageValues = 1 << 24
	smallPage     = 1 << 24 // bytes of a page that may be packed to very little
	maxPacking    = 1 << 12 // bytes of other pages for each packed byte
	maxPageHeader = 1 << 16
)

// place is a column of a row group.
type place struct{ group, column int }

// checkPages reads the headers of all pages of a column in a row group, once.
func (t *table) checkPages(group, column int) error {
	at := place{group, column}
	if _, ok := t.checked.Load(at); ok {
		return nil
	}
	m := t.file.Metadata().RowGroups[group].Columns[column].MetaData
	start := m.DataPageOffset
	if d := m.DictionaryPageOffset; d > 0 {
		start = min(start, d)
	}
	if start < 4 || m.TotalCompressedSize < 0 || m.TotalCompressedSize > t.plain.size-start {
		return fmt.Errorf("announces pages from byte %d on of %d bytes, and the file has %d bytes", start, m.TotalCompressedSize, t.plain.size)
	}
	for end := start + m.TotalCompressedSize; start < end; {
		size, err := t.checkPage(start, end)
		if err != nil {
			return fmt.Errorf("the page at byte %d: %w", start, err)
		}
		start += size
	}
	t.checked.Store(at, true)
	return nil
}

// checkPage checks the page that starts at a byte, and returns its size with its header.
func (t *table) checkPage(start, end int64) (int64, error) {
	b := make([]byte, min(end-start, maxPageHeader))
	if err := t.plain.readAt(b, start); err != nil {
		return 0, err
	}
	var protocol thrift.CompactProtocol
	r := protocol.NewReaderFromBytes(b)
	var h format.PageHeader
	if err := thrift.NewDecoder(r).Decode(&h); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	packed, unpacked := int64(h.CompressedPageSize), int64(h.UncompressedPageSize)
	header := int64(r.BytesRead())
	values := max(h.DataPageHeader.V.NumValues, h.DataPageHeaderV2.V.NumValues, h.DictionaryPageHeader.V.NumValues)
	switch {
	case packed < 0 || packed > end-start-header:
		return 0, fmt.Errorf("announces %d bytes, and %d follow", packed, end-start-header)
	case unpacked < 0 || unpacked > maxPage || unpacked > smallPage && unpacked > maxPacking*packed:
		return 0, fmt.Errorf("announces %d bytes packed into %d, which is too much to be true", unpacked, packed)
	case values > maxPageValues:
		return 0, fmt.Errorf("announces %d values; at most %d are read", values, maxPageValues)
	}
	return header + packed, nil
}
