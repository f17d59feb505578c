package artifacts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"lossatlas/artifacts/internal/layout"
)

// Digest is the SHA-256 of a blob's bytes, and so the blob's name. The zero
// value means "no digest": no blob has it.
type Digest [sha256.Size]byte

// Of returns the digest of b.
func Of(b []byte) Digest { return sha256.Sum256(b) }

// ParseDigest reads the form that String writes, "sha256:" and 64 lowercase
// hexadecimal digits, and nothing else: a digest has one spelling, so that
// digests may be compared as text.
func ParseDigest(s string) (Digest, error) {
	digits, ok := strings.CutPrefix(s, layout.Algorithm+":")
	if !ok {
		return Digest{}, fmt.Errorf("%.80q is not a digest: it must begin with %q", s, layout.Algorithm+":")
	}
	b, err := layout.ParseHex(digits)
	if err != nil {
		return Digest{}, fmt.Errorf("%.80q is not a digest: %w", s, err)
	}
	return b, nil
}

// String returns "sha256:" and 64 lowercase hexadecimal digits.
func (d Digest) String() string { return layout.Algorithm + ":" + d.Hex() }

// Hex returns the 64 lowercase hexadecimal digits alone.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether d is the zero value, which is no blob's digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText writes the form of String; the zero value becomes "".
func (d Digest) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads the form that MarshalText writes.
func (d *Digest) UnmarshalText(text []byte) error {
	return unmarshalText(d, text, ParseDigest)
}

// unmarshalText reads a digest or a key; "" stands for the zero value.
func unmarshalText[T Digest | Key](to *T, text []byte, parse func(string) (T, error)) error {
	var v T
	var err error
	if len(text) > 0 {
		v, err = parse(string(text))
	}
	if err == nil {
		*to = v
	}
	return err
}

// Blob names immutable bytes by their digest, with their size in bytes.
type Blob struct {
	Digest Digest `json:"digest"`
	Size   int64  `json:"size"`
}

// BlobOf returns the blob that b would be stored as.
func BlobOf(b []byte) Blob { return Blob{Digest: Of(b), Size: int64(len(b))} }

// String returns the digest and the size, for messages.
func (b Blob) String() string { return fmt.Sprintf("%s (%d bytes)", b.Digest, b.Size) }
