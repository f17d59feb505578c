package artifacts

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/internal/parallel"
	"lossatlas/artifacts/objects"
)

// Parts are a running step's own checkpoints: objects that are overwritten, and
// dropped when the step is done. Nothing else ever refers to them.

// A part is framed, because an overwritten object has no name to verify it by:
//
//	8 bytes   magic
//	8 bytes   length of the payload, big endian
//	32 bytes  SHA-256 of the payload
//	          payload
const (
	partMagic  = "LAPART1\n"
	partHeader = len(partMagic) + 8 + len(Digest{})
)

// PutPart stores a checkpoint of the step with this key, whole, in place of an
// earlier one of the same name: a reader sees the old or the new one, never a mixture.
func (s *Store) PutPart(ctx context.Context, k Key, name string, data []byte) error {
	if err := layout.CheckName("part", name); err != nil {
		return err
	}
	if int64(len(data)) > MaxBlob-int64(partHeader) {
		return fmt.Errorf("put part %s of step %s: it has %d bytes, and may have %d", name, k.Short(), len(data), int64(MaxBlob)-int64(partHeader))
	}
	framed := framePart(data)
	return s.objects.Put(ctx, layout.Part(k, name), framed, Of(framed), objects.Always)
}

// GetPart returns a checkpoint's payload. It fails with [ErrNotFound], also when
// the part is damaged, with a word in the log: the step then does that work again.
func (s *Store) GetPart(ctx context.Context, k Key, name string) ([]byte, error) {
	if err := layout.CheckName("part", name); err != nil {
		return nil, err
	}
	object := layout.Part(k, name)
	data, err := s.readPart(ctx, object)
	if isA[*PartError](err) {
		s.log.Warn().Str("object", object).Str("step", k.Short()).Msg("ignoring a damaged part: " + err.Error())
		return nil, s.notFound("get", object)
	}
	return data, err
}

// VerifyPart reads a checkpoint to its end and returns nil when it is whole, [ErrNotFound] when it isn't there, and
// *[PartError] when it is damaged.
func (s *Store) VerifyPart(ctx context.Context, k Key, name string) error {
	_, err := s.readPart(ctx, layout.Part(k, name))
	return err
}

// readPart reads a part to its end. Damage is *PartError.
func (s *Store) readPart(ctx context.Context, object string) ([]byte, error) {
	body, info, err := s.objects.Get(ctx, object)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return unframePart(body, info.Size)
}

// PartError describes the damage of a part.
type PartError struct {
	Problem string // [Damaged], [Truncated] or [Trailing]
	Reason  string
}

// Error is the reason.
func (e *PartError) Error() string { return e.Reason }

func framePart(data []byte) []byte {
	digest := Of(data)
	b := make([]byte, 0, partHeader+len(data))
	b = append(b, partMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(data)))
	b = append(b, digest[:]...)
	return append(b, data...)
}

// unframePart reads a part to its end. The size is what the server announces
// for the whole, -1 if nothing. Damage is *PartError, other errors are of r.
func unframePart(r io.Reader, size int64) ([]byte, error) {
	header := make([]byte, partHeader)
	if n, err := io.ReadFull(r, header); err == io.EOF || err == io.ErrUnexpectedEOF && (size < 0 || int64(n) == size) {
		return nil, &PartError{Truncated, fmt.Sprintf("it ends within its header, after %d bytes", n)}
	} else if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(header, []byte(partMagic)) {
		return nil, &PartError{Damaged, fmt.Sprintf("it begins with %q, want %q", header[:len(partMagic)], partMagic)}
	}
	length := binary.BigEndian.Uint64(header[len(partMagic):])
	if length > MaxBlob {
		return nil, &PartError{Damaged, fmt.Sprintf("its header says %d bytes", length)}
	}
	// One byte more is read than there should be, to see whether something follows.
	data, err := readAll(io.LimitReader(r, int64(length)+1), int64(length))
	switch {
	case err != nil:
		return nil, err
	case uint64(len(data)) < length:
		return nil, &PartError{Truncated, fmt.Sprintf("it ends after %d of %d bytes", len(data), length)}
	case uint64(len(data)) > length:
		return nil, &PartError{Trailing, fmt.Sprintf("it is longer than its %d bytes", length)}
	}
	if found := Of(data); !bytes.Equal(found[:], header[len(header)-len(found):]) {
		return nil, &PartError{Damaged, fmt.Sprintf("its %d bytes have the digest %s, which its header doesn't say", length, found)}
	}
	return data, nil
}

// Parts lists the names of the step's checkpoints, sorted; an empty list is no error.
func (s *Store) Parts(ctx context.Context, k Key) ([]string, error) {
	prefix := layout.Part(k, "")
	var names []string
	for info, err := range s.objects.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		if n := strings.TrimPrefix(info.Name, prefix); layout.CheckName("part", n) == nil {
			names = append(names, n)
		}
	}
	return names, nil
}

// PartKeys returns the keys that have checkpoints, by one listing for all of them.
func (s *Store) PartKeys(ctx context.Context) (map[Key]bool, error) {
	keys := map[Key]bool{}
	for info, err := range s.objects.List(ctx, layout.Parts) {
		if err != nil {
			return nil, err
		}
		step, _, _ := strings.Cut(strings.TrimPrefix(info.Name, layout.Parts), "/")
		if k, err := ParseKey(step); err == nil {
			keys[k] = true
		}
	}
	return keys, nil
}

// DropParts removes checkpoints of the step: the named ones, or all. Names without a checkpoint are no error.
func (s *Store) DropParts(ctx context.Context, k Key, names ...string) error {
	if len(names) == 0 {
		var err error
		if names, err = s.Parts(ctx, k); err != nil {
			return err
		}
	}
	return parallel.Each(ctx, names, func(ctx context.Context, name string) error {
		return s.objects.Remove(ctx, layout.Part(k, name))
	})
}
