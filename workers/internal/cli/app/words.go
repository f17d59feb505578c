package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// partName is the name of a file that is being written, with its own name in it.
var partName = regexp.MustCompile(`^\.(.+)\.part-[0-9]+$`)

// errorText is the text of an error, in which one of the file system names the file, once, and the reason, without the system call.
func errorText(err error) string {
	text := err.Error()
	var at *fs.PathError
	var link *os.LinkError
	raw, path, reason := "", "", ""
	switch {
	case errors.As(err, &at):
		raw, path, reason = at.Error(), at.Path, at.Err.Error()
	case errors.As(err, &link):
		raw, path, reason = link.Error(), link.New, link.Err.Error()
	default:
		return text
	}
	if part := partName.FindStringSubmatch(filepath.Base(path)); part != nil {
		path = filepath.Join(filepath.Dir(path), part[1])
	}
	around := strings.Replace(text, raw, "", 1)
	switch {
	case strings.Contains(around, path):
	case at != nil && at.Op == "mkdir":
		reason = fmt.Sprintf("the folder %s can't be made: %s", path, reason)
	default:
		reason = path + ": " + reason
	}
	return strings.Replace(text, raw, reason, 1)
}

var digestText = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// ShortDigest shortens the digests in a text to twelve digits.
func ShortDigest(text string) string {
	return digestText.ReplaceAllStringFunc(text, func(d string) string { return d[:len("sha256:")+12] })
}
