package artifacts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"lossatlas/artifacts/internal/layout"
)

// Key identifies a step by everything that determines its result: the SHA-256
// of the canonical encoding of its [Recipe]. The zero value stands for "no key
// yet", such as that of a step whose inputs have still to be made.
type Key [sha256.Size]byte

// ParseKey reads 64 lowercase hexadecimal digits, the form that String writes.
func ParseKey(s string) (Key, error) {
	b, err := layout.ParseHex(s)
	if err != nil {
		return Key{}, fmt.Errorf("%.80q is not a step key: %w", s, err)
	}
	return b, nil
}

// String returns 64 lowercase hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Short returns the first 8 digits, enough to distinguish the steps of a sweep in text.
func (k Key) Short() string { return k.String()[:8] }

// IsZero reports whether k is the zero value, which is no step's key.
func (k Key) IsZero() bool { return k == Key{} }

// MarshalText writes the form of String; the zero value becomes "".
func (k Key) MarshalText() ([]byte, error) {
	if k.IsZero() {
		return nil, nil
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads the form that MarshalText writes.
func (k *Key) UnmarshalText(text []byte) error {
	return unmarshalText(k, text, ParseKey)
}
