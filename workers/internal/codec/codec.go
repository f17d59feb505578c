// Package codec encrypts the payloads and errors of workflows, activities, signals and queries, so that an external Temporal
// server can read only workflow IDs, search attributes and the names of types.
//
// A payload is encrypted with its metadata by AES-256-GCM with a random nonce. The result has the encoding binary/encrypted
// and the ID of its key as encryption-key-id. Payloads without encryption are passed on, so that encryption can begin while
// sweeps run.
package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"strings"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

const (
	encoding  = "binary/encrypted"
	metaKeyID = "encryption-key-id"
)

// Codec encrypts and decrypts payloads. The zero Codec has no keys: it encrypts nothing and decrypts nothing. It is safe for
// concurrent use.
type Codec struct {
	ids   []string // in the order of the file
	seals map[string]cipher.AEAD
}

var _ converter.PayloadCodec = (*Codec)(nil)

func newCodec(keys []key) (*Codec, error) {
	c := &Codec{seals: map[string]cipher.AEAD{}}
	for _, k := range keys {
		block, err := aes.NewCipher(k.secret)
		if err != nil {
			return nil, err
		}
		seal, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		c.ids, c.seals[k.id] = append(c.ids, k.id), seal
	}
	return c, nil
}

// UnreadableError says that a payload can't be decrypted with the given keys.
type UnreadableError struct {
	KeyID string   // of the payload
	Given []string // IDs of the keys
	// Wrong is set if the key of this ID does not decrypt the payload: another key, or a damaged payload.
	Wrong bool
}

// Error names the key, and where to add it.
func (e *UnreadableError) Error() string {
	id := e.KeyID[:min(len(e.KeyID), 64)]
	const advice = "the file that --codec-keys (LOSSATLAS_CODEC_KEYS) names"
	switch {
	case e.Wrong:
		return fmt.Sprintf("a payload in Temporal can't be decrypted: the key %q in %s is not the one that it was encrypted with, or the payload was changed since; give the keys of those who wrote it", id, advice)
	case len(e.Given) == 0:
		return fmt.Sprintf("a payload in Temporal is encrypted with the key %q, and no keys are given: name the file of keys with --codec-keys (LOSSATLAS_CODEC_KEYS)", id)
	}
	return fmt.Sprintf("a payload in Temporal is encrypted with the key %q, which is not among those given (%s): add it to %s", id, strings.Join(e.Given, ", "), advice)
}

// Encode encrypts payloads with the first key.
func (c *Codec) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	if len(c.ids) == 0 {
		return payloads, nil
	}
	id := c.ids[0]
	out := make([]*common.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encrypt a payload: %w", err)
		}
		out[i] = &common.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), metaKeyID: []byte(id)},
			Data:     c.seals[id].Seal(nil, nil, plain, bound(id)),
		}
	}
	return out, nil
}

// Decode decrypts the encrypted payloads. It fails with *[UnreadableError].
func (c *Codec) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	out := make([]*common.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != encoding {
			out[i] = p
			continue
		}
		id := string(p.GetMetadata()[metaKeyID])
		seal, ok := c.seals[id]
		if !ok {
			return nil, &UnreadableError{KeyID: id, Given: c.ids}
		}
		plain, err := seal.Open(nil, nil, p.GetData(), bound(id))
		if err != nil {
			return nil, &UnreadableError{KeyID: id, Given: c.ids, Wrong: true}
		}
		out[i] = &common.Payload{}
		if err := proto.Unmarshal(plain, out[i]); err != nil {
			return nil, fmt.Errorf("a decrypted payload can't be read: %w", err)
		}
	}
	return out, nil
}

// bound is the additional authenticated data of a payload: its encoding and the ID of its key.
func bound(id string) []byte { return []byte(encoding + "\x00" + id) }
