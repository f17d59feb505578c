package artifacts

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strings"

	"lossatlas/artifacts/objects"
)

// Parts are a running step's own checkpoints: objects that are overwritten, and
// dropped when the step is done. Nothing else ever refers to them.

const partPrefix = "parts/"

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

// name is what parts and roots may be called: what is safe as a file name anywhere.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

func checkName(what, s string) error {
	if name.MatchString(s) {
		return nil
	}
	return fmt.Errorf("%.160q can't be the name of a %s: want up to 128 letters, digits, '.', '_' and '-', beginning with a letter or digit", s, what)
}

func partObject(k Key, name string) string { return partPrefix + k.String() + "/" + name }

// PutPart stores a checkpoint of the step with this key, whole, in place of an
// earlier one of the same name: a reader sees the old or the new one, never a mixture.
func (s *Store) PutPart(ctx context.Context, k Key, name string, data []byte) error {
	if err := checkName("part", name); err != nil {
		return err
	}
	if int64(len(data)) > maxBlob-int64(partHeader) {
		return fmt.Errorf("put part %s of step %s: it has %d bytes, and may have %d", name, k.Short(), len(data), int64(maxBlob)-int64(partHeader))
	}
	framed := framePart(data)
	return s.objects.Put(ctx, partObject(k, name), framed, Of(framed), objects.Always)
}

// GetPart returns a checkpoint's payload. It fails with [ErrNotFound], also when
// the part is damaged, with a word in the log: the step then does that work again.
func (s *Store) GetPart(ctx context.Context, k Key, name string) ([]byte, error) {
	if err := checkName("part", name); err != nil {
		return nil, err
	}
	object := partObject(k, name)
	data, err := s.readPart(ctx, object)
	if isA[*partError](err) {
		s.log.Warn().Str("object", object).Str("step", k.Short()).Msg("ignoring a damaged part: " + err.Error())
		return nil, s.notFound("get", object)
	}
	return data, err
}

// readPart reads a part to its end. Damage is *partError.
func (s *Store) readPart(ctx context.Context, object string) ([]byte, error) {
	body, info, err := s.objects.Get(ctx, object)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return unframePart(body, info.Size)
}

// partError says what is wrong with a part's frame.
type partError struct{ problem, reason string }

func (e *partError) Error() string { return e.reason }

func framePart(data []byte) []byte {
	digest := Of(data)
	b := make([]byte, 0, partHeader+len(data))
	b = append(b, partMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(data)))
	b = append(b, digest[:]...)
	return append(b, data...)
}

// unframePart reads a part to its end. The size is what the server announces
// for the whole, -1 if nothing. Damage is *partError, other errors are of r.
func unframePart(r io.Reader, size int64) ([]byte, error) {
	header := make([]byte, partHeader)
	if n, err := io.ReadFull(r, header); err == io.EOF || err == io.ErrUnexpectedEOF && (size < 0 || int64(n) == size) {
		return nil, &partError{Truncated, fmt.Sprintf("it ends within its header, after %d bytes", n)}
	} else if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(header, []byte(partMagic)) {
		return nil, &partError{Damaged, fmt.Sprintf("it begins with %q, want %q", header[:len(partMagic)], partMagic)}
	}
	length := binary.BigEndian.Uint64(header[len(partMagic):])
	if length > maxBlob {
		return nil, &partError{Damaged, fmt.Sprintf("its header says %d bytes", length)}
	}
	// One byte more is read than there should be, to see whether something follows.
	data, err := readAll(io.LimitReader(r, int64(length)+1), int64(length))
	switch {
	case err != nil:
		return nil, err
	case uint64(len(data)) < length:
		return nil, &partError{Truncated, fmt.Sprintf("it ends after %d of %d bytes", len(data), length)}
	case uint64(len(data)) > length:
		return nil, &partError{Trailing, fmt.Sprintf("it goes on after its %d bytes", length)}
	}
	if found := Of(data); !bytes.Equal(found[:], header[len(header)-len(found):]) {
		return nil, &partError{Damaged, fmt.Sprintf("its %d bytes have the digest %s, which its header doesn't say", length, found)}
	}
	return data, nil
}

// Parts lists the names of the step's checkpoints, sorted; none is no error.
func (s *Store) Parts(ctx context.Context, k Key) ([]string, error) {
	prefix := partObject(k, "")
	var names []string
	for info, err := range s.objects.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		if n := strings.TrimPrefix(info.Name, prefix); checkName("part", n) == nil {
			names = append(names, n)
		}
	}
	return names, nil
}

// PartKeys returns the keys that have checkpoints, by one listing for all of them.
func (s *Store) PartKeys(ctx context.Context) (map[Key]bool, error) {
	keys := map[Key]bool{}
	for info, err := range s.objects.List(ctx, partPrefix) {
		if err != nil {
			return nil, err
		}
		step, _, _ := strings.Cut(strings.TrimPrefix(info.Name, partPrefix), "/")
		if k, err := ParseKey(step); err == nil {
			keys[k] = true
		}
	}
	return keys, nil
}

// DropParts removes checkpoints of the step: those with the names given, or all. Names without a checkpoint are no error.
func (s *Store) DropParts(ctx context.Context, k Key, names ...string) error {
	if len(names) == 0 {
		var err error
		if names, err = s.Parts(ctx, k); err != nil {
			return err
		}
	}
	return each(ctx, names, func(ctx context.Context, name string) error {
		return s.objects.Remove(ctx, partObject(k, name))
	})
}
