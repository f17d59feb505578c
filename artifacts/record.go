package artifacts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/objects"
)

const (
	// StoreFormat is the version of the store's formats: of records, and through format.json of blobs and parts as well.
	StoreFormat = 1
	// MaxRecord is the largest size of a record that is read, in bytes; a manifest of thousands of steps has a few MB.
	MaxRecord = 64 << 20
)

// envelope is how a record is stored: JSON that people and tools can read,
// with the digest of the record's own bytes, so that damage is found.
type envelope struct {
	Schema int             `json:"schema"`
	Digest Digest          `json:"digest"`
	Record json.RawMessage `json:"record"`
}

// encodeRecord puts v into an envelope.
func encodeRecord(v any) ([]byte, error) {
	record, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(record) > MaxRecord {
		return nil, fmt.Errorf("a record of %d bytes, want at most %d", len(record), MaxRecord)
	}
	// Not by json.Marshal, which may rewrite the record's bytes.
	return fmt.Appendf(nil, `{"schema":%d,"digest":%q,"record":%s}`+"\n", StoreFormat, Of(record), record), nil
}

// DecodeRecord reads the bytes of an object that holds a record into v. It fails with *[RecordError] or *[NewerError].
func DecodeRecord(object string, b []byte, v any) error {
	damaged := func(reason string) error { return &RecordError{Object: object, Reason: reason} }
	var e envelope
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&e); err != nil {
		return damaged(err.Error())
	}
	if _, err := dec.Token(); err != io.EOF {
		return damaged("something follows the record")
	}
	if e.Schema > StoreFormat {
		return &NewerError{Object: object, Schema: e.Schema}
	}
	if e.Schema < 1 {
		return damaged("no schema version")
	}
	if found := Of(e.Record); found != e.Digest {
		return damaged(fmt.Sprintf("its record has the digest %s, not %s", found, e.Digest))
	}
	if err := json.Unmarshal(e.Record, v); err != nil {
		return damaged(err.Error())
	}
	return nil
}

// getRecord reads a record into v and returns the object's entity tag. It fails
// with ErrNotFound, *RecordError or *NewerError; with the latter two the tag is valid, too.
func (s *Store) getRecord(ctx context.Context, object string, v any) (etag string, err error) {
	body, info, err := s.objects.Get(ctx, object)
	if err != nil {
		return "", err
	}
	defer body.Close()
	b, err := readAll(io.LimitReader(body, MaxRecord+1), info.Size)
	if err != nil {
		return "", err
	}
	if len(b) > MaxRecord {
		return info.ETag, &RecordError{Object: object, Reason: fmt.Sprintf("more than %d bytes", MaxRecord)}
	}
	return info.ETag, DecodeRecord(object, b, v)
}

// refuseNewer fails with *NewerError where a record lies that may not be replaced.
func (s *Store) refuseNewer(ctx context.Context, object string) error {
	var record json.RawMessage
	if _, err := s.getRecord(ctx, object, &record); isA[*NewerError](err) {
		return err
	}
	return nil // other errors are reported by the write that follows
}

// format is the record that stands for the store as a whole. A program that changes any of its formats, of blobs
// and parts as well, raises StoreFormat and replaces it, and earlier ones refuse the store as they open it.
type format struct {
	Made time.Time `json:"made"` // the store
}

// checkFormat fails with *NewerError for a store of a newer version. A store without the record is given one, unless
// that is not allowed or the disk is full.
func (s *Store) checkFormat(ctx context.Context) error {
	var f format
	_, err := s.getRecord(ctx, layout.Format, &f)
	switch {
	case errors.Is(err, ErrNotFound):
		if err = s.putRecord(ctx, layout.Format, format{time.Now().UTC()}, objects.IfAbsent); errors.Is(err, objects.ErrLost) {
			return s.refuseNewer(ctx, layout.Format)
		}
	case isA[*RecordError](err):
		s.log.Warn().Err(err).Msg("replacing the record of the store's format")
		err = s.putRecord(ctx, layout.Format, format{time.Now().UTC()}, objects.Always)
	}
	if errors.Is(err, ErrAccessDenied) || errors.Is(err, ErrNoSpace) {
		return nil
	}
	return err
}

// putRecord writes a record, whole, if the condition holds; objects.ErrLost says that it didn't.
func (s *Store) putRecord(ctx context.Context, object string, v any, when objects.Condition) error {
	b, err := encodeRecord(v)
	if err != nil {
		return fmt.Errorf("put %s: %w", object, err)
	}
	return s.objects.Put(ctx, object, b, Of(b), when)
}
