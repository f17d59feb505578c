// Package layout names the objects of a store: which object holds which blob, action, part or root.
package layout

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Algorithm is the only digest algorithm. It is spelled out in the text of digests and in
// the names of blobs, to distinguish a second one.
const Algorithm = "sha256"

// Prefixes of object names, by kind of object.
const (
	Blobs      = "cas/" + Algorithm + "/"
	Actions    = "actions/"
	Parts      = "parts/"
	Roots      = "roots/"
	Quarantine = "quarantine/"
)

const (
	// Collection is the object with the record of the latest collection of garbage.
	Collection = "collection.json"
	// Format is the object with the version of the store's formats.
	Format = "format.json"
)

// Blob is the object of the blob with a digest: cas/sha256/ab/abcd….
func Blob(digest [32]byte) string { return Blobs + sharded(digest) }

// Action is the object of the action under a key: actions/ab/abcd….json.
func Action(key [32]byte) string { return Actions + sharded(key) + ".json" }

func sharded(b [32]byte) string {
	digits := hex.EncodeToString(b[:])
	return digits[:2] + "/" + digits
}

// Part is the object of a checkpoint of the step with a key: parts/abcd…/name.
func Part(key [32]byte, name string) string {
	return Parts + hex.EncodeToString(key[:]) + "/" + name
}

// Root is the object of a sweep's latest run: roots/name.json.
func Root(sweep string) string { return Roots + sweep + ".json" }

// IsRoot reports whether an object among the roots has the name of one.
func IsRoot(object string) bool { return strings.HasSuffix(object, ".json") }

// Quarantined is where an object is moved to when it is found damaged at a time: quarantine/time/object.
func Quarantined(object string, at time.Time) string {
	return Quarantine + at.UTC().Format("20060102T150405.000Z") + "/" + object
}

// SweepOf is the name of the sweep whose root an object is, or whose root's place a folder takes that
// the object lies in; "" for other objects.
func SweepOf(object string) string {
	rest, ok := strings.CutPrefix(object, Roots)
	sweep, _, json := strings.Cut(rest+"/", ".json/")
	if !ok || !json {
		return ""
	}
	return sweep
}

// QuarantinedSweep is [SweepOf] of the place that an object in quarantine was moved from.
func QuarantinedSweep(object string) string {
	_, was, _ := strings.Cut(strings.TrimPrefix(object, Quarantine), "/")
	return SweepOf(was)
}

// ParseHex reads exactly 64 lowercase hexadecimal digits.
func ParseHex(s string) (b [32]byte, err error) {
	if len(s) != hex.EncodedLen(len(b)) {
		return b, fmt.Errorf("it has %d hexadecimal digits, want %d", len(s), hex.EncodedLen(len(b)))
	}
	if strings.ContainsAny(s, "ABCDEF") {
		return b, fmt.Errorf("its hexadecimal digits must be lower case")
	}
	if _, err := hex.Decode(b[:], []byte(s)); err != nil {
		return [32]byte{}, fmt.Errorf("it must be hexadecimal: %w", err)
	}
	return b, nil
}

// validName matches names that are safe as file names everywhere.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// CheckName fails unless s can be the name of a part or a sweep; what says of which.
func CheckName(what, s string) error {
	if validName.MatchString(s) {
		return nil
	}
	return fmt.Errorf("%.160q can't be the name of a %s: want up to 128 letters, digits, '.', '_' and '-', beginning with a letter or digit", s, what)
}
