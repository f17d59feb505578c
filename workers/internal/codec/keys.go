package codec

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

const (
	keyBytes = 32 // AES-256
	// forbidden are the permissions that a key file must not have. Its group may read it, as needed for secrets in containers
	// that don't run as root.
	forbidden = 0o027
)

// keyID matches the IDs of keys.
var keyID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// key is a key; its ID is stored with the payloads that it encrypts.
type key struct {
	id     string
	secret []byte
}

// Read reads a file of keys, one a line: an ID (letters, digits, dots, dashes), a space, and 32 random bytes in base64. Empty
// lines, and lines that begin with #, are skipped. The first key encrypts, all decrypt. Errors, also of a file that others may
// read, never repeat a secret.
func Read(file string) (*Codec, error) {
	if err := private(file); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the keys that encrypt payloads can't be read: %w", err)
	}
	keys, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("keys that encrypt payloads: %s%w (`lossatlas codec key` writes a line for it)", file, err)
	}
	return newCodec(keys)
}

// ReadToken reads a file with one token.
func ReadToken(file string) (string, error) {
	if err := private(file); err != nil {
		return "", err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("the token can't be read: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < 16 || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("%s: want one token of at least 16 characters, without spaces (`openssl rand -hex 32` makes one)", file)
	}
	return token, nil
}

// private refuses a file that others may read.
func private(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("the file of secrets can't be read: %w", err)
	}
	if mode := info.Mode().Perm(); mode&forbidden != 0 {
		return fmt.Errorf("%s holds secrets, and its mode %04o lets others read or change them: chmod 600 %s (of a secret mounted in Kubernetes: defaultMode: 0440)", file, mode, file)
	}
	return nil
}

func parse(text []byte) (keys []key, err error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 2 || !keyID.MatchString(words[0]) {
			return nil, fmt.Errorf(":%d: want the key's ID, of letters, digits, dots and dashes, a space, and the key", n)
		}
		secret, err := base64.StdEncoding.DecodeString(words[1])
		if err != nil || len(secret) != keyBytes {
			return nil, fmt.Errorf(":%d: key %s is not %d bytes in base64", n, words[0], keyBytes)
		}
		if slices.ContainsFunc(keys, func(k key) bool { return k.id == words[0] }) {
			return nil, fmt.Errorf(":%d: there are two keys with the ID %s", n, words[0])
		}
		keys = append(keys, key{words[0], secret})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf(": %w", err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf(": it has no key")
	}
	return keys, nil
}

// NewKey draws a key from the system's random source and returns its line for a key file. Its ID is a hash.
func NewKey() string {
	secret := make([]byte, keyBytes)
	_, _ = rand.Read(secret) // never fails
	id := sha256.Sum256(append([]byte("lossatlas key ID\x00"), secret...))
	return hex.EncodeToString(id[:4]) + " " + base64.StdEncoding.EncodeToString(secret)
}
