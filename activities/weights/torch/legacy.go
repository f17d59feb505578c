package torch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"

	"lossatlas/activities/weights/pickle"
)

// magic begins PyTorch's older form, as a pickle of its own.
var magic, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

// Legacy opens the older form, and files that are a single pickle. The pickle's
// values may need memory bytes.
func Legacy(r io.ReaderAt, size, memory int64) (*File, error) {
	if isTar(r) {
		return nil, errors.New("it is a checkpoint of PyTorch before 0.1.10, in a tar archive, which is not read: load it with PyTorch and save it again")
	}
	first, err := pickle.Read(r, 0, size, memory)
	if err != nil {
		return nil, err
	}
	if n, ok := first.Root.(*big.Int); !ok || n.Cmp(magic) != 0 {
		return newFile(first.Root, (&legacy{file: r}).storage, memory)
	}
	return readLegacy(r, first.End, size, memory)
}

func isTar(r io.ReaderAt) bool {
	mark := make([]byte, 5)
	_, err := r.ReadAt(mark, 257)
	return err == nil && string(mark) == "ustar"
}

// legacy is the older form: pickles of the magic number, the version, facts about the
// system, the object, and the storages' keys; then each storage's number of
// elements in 8 bytes, and its elements, both in little-endian order on all machines.
type legacy struct {
	file     io.ReaderAt
	storages map[string]storage
}

func readLegacy(r io.ReaderAt, at, size, memory int64) (*File, error) {
	var parts []*pickle.Pickle
	for range 4 {
		p, err := pickle.Read(r, at, size, memory)
		if err != nil {
			return nil, err
		}
		parts, at = append(parts, p), p.End
	}
	widths := map[string]int64{}
	for _, p := range parts[2].Persistent {
		if ref, err := parseReference(p.ID); err == nil {
			widths[ref.key], err = ref.width()
			if err != nil {
				return nil, err
			}
		}
	}
	out := &legacy{r, map[string]storage{}}
	keys, _ := parts[3].Root.(*pickle.List)
	if keys == nil {
		return nil, errors.New("the list of its storages is missing")
	}
	for _, key := range keys.Items {
		name, _ := key.(string)
		end, err := out.add(name, at, size, widths[name])
		if err != nil {
			return nil, fmt.Errorf("its storage %q: %w", name, err)
		}
		at = end
	}
	return newFile(parts[2].Root, out.storage, memory)
}

// add notes the place of a storage, of which at is the beginning, and returns its end.
func (s *legacy) add(name string, at, size, width int64) (end int64, err error) {
	count := make([]byte, 8)
	if _, err := s.file.ReadAt(count, at); err != nil {
		return 0, errors.New("the file is cut short")
	}
	n := binary.LittleEndian.Uint64(count)
	switch at += int64(len(count)); {
	case width == 0:
		return 0, errors.New("nothing refers to it")
	case n > uint64((size-at)/width):
		return 0, fmt.Errorf("it should have %d elements, but %d bytes follow: the file is cut short or damaged", n, size-at)
	}
	s.storages[name] = storage{file: s.file, at: at, size: int64(n) * width, order: binary.LittleEndian}
	return at + int64(n)*width, nil
}

func (s *legacy) storage(id pickle.Value) (storage, error) {
	if b, ok := id.(pickle.Bytes); ok {
		return storage{file: s.file, at: b.At, size: b.Length}, nil
	}
	ref, err := parseReference(id)
	if err != nil {
		return storage{}, err
	}
	found, ok := s.storages[ref.key]
	if !ok {
		return storage{}, fmt.Errorf("the file has no storage %q", ref.key)
	}
	return ref.within(found)
}
