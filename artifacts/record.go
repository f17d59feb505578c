package artifacts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
)

const (
	// recordSchema is the version of the format of actions and roots.
	recordSchema = 1
	// maxRecord bounds the size in bytes of a record that is read; a manifest of thousands of steps has a few MB.
	maxRecord = 64 << 20
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
	if len(record) > maxRecord {
		return nil, fmt.Errorf("a record of %d bytes, want at most %d", len(record), maxRecord)
	}
	// Not by json.Marshal, which may rewrite the record's bytes.
	return fmt.Appendf(nil, `{"schema":%d,"digest":%q,"record":%s}`+"\n", recordSchema, Of(record), record), nil
}

// decodeRecord reads what encodeRecord wrote. Errors are *RecordError without an object.
func decodeRecord(b []byte, v any) error {
	var e envelope
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&e); err != nil {
		return &RecordError{Reason: err.Error()}
	}
	if _, err := dec.Token(); err != io.EOF {
		return &RecordError{Reason: "something follows the record"}
	}
	if e.Schema > recordSchema {
		return &RecordError{Reason: fmt.Sprintf("schema %d, known up to %d", e.Schema, recordSchema), Newer: true}
	}
	if e.Schema < 1 {
		return &RecordError{Reason: "no schema version"}
	}
	if found := Of(e.Record); found != e.Digest {
		return &RecordError{Reason: fmt.Sprintf("its record has the digest %s, not %s", found, e.Digest)}
	}
	if err := json.Unmarshal(e.Record, v); err != nil {
		return &RecordError{Reason: err.Error()}
	}
	return nil
}

// getRecord reads a record into v and returns the object's entity tag. It fails
// with ErrNotFound or *RecordError; with the latter, too, the tag is valid.
func (s *Store) getRecord(ctx context.Context, object string, v any) (etag string, err error) {
	body, info, err := s.read(ctx, object)
	if err != nil {
		return "", err
	}
	defer body.Close()
	b, err := readAll(io.LimitReader(body, maxRecord+1), info.Size)
	if err != nil {
		return "", s.fail("get", object, err)
	}
	if len(b) > maxRecord {
		return info.ETag, &RecordError{Object: object, Reason: fmt.Sprintf("more than %d bytes", maxRecord)}
	}
	if err := decodeRecord(b, v); err != nil {
		if e, ok := err.(*RecordError); ok {
			e.Object = object
		}
		return info.ETag, err
	}
	return info.ETag, nil
}

// putRecord writes a record, whole, if the condition holds; errLost says that it didn't.
func (s *Store) putRecord(ctx context.Context, object string, v any, when condition) error {
	b, err := encodeRecord(v)
	if err != nil {
		return fmt.Errorf("put %s: %w", object, err)
	}
	return s.put(ctx, object, b, Of(b), when)
}
