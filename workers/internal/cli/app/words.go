package app

import (
	"fmt"
	"regexp"
	"strings"
)

// Join joins names for a sentence: "a, b and c".
func Join(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// JoinSome joins names for a sentence, the first five of many.
func JoinSome(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return Join(names)
}

var digestText = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// ShortDigest shortens the digests in a text to twelve digits.
func ShortDigest(text string) string {
	return digestText.ReplaceAllStringFunc(text, func(d string) string { return d[:len("sha256:")+12] })
}
