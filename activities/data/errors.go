package data

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// MissingError says that a data set isn't on this machine.
type MissingError struct {
	Set    string   // the data set's name
	Folder string   // the folder that was looked for: "cifar-10-batches-bin"
	Looked []string // where
	URL    string   // from where Fetch gets it, "" for nowhere
	Cause  error    // why it could not be fetched, nil if that wasn't tried
}

// Error names the places looked at and both ways to get the data.
func (e *MissingError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: found no folder %s with its files", e.Set, e.Folder)
	if len(e.Looked) > 0 {
		fmt.Fprintf(&b, " in %s", strings.Join(e.Looked, " or "))
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ", and fetching it failed: %v", e.Cause)
	}
	if e.URL == "" {
		fmt.Fprintf(&b, ". Name the folder that holds %s/ with --data DIR (or LOSSATLAS_DATA)", e.Folder)
	} else {
		fmt.Fprintf(&b, ". Either name the folder that holds %s/ with --data DIR (or LOSSATLAS_DATA), "+
			"or let this machine reach %s, from where the archive is fetched once and checked", e.Folder, e.URL)
	}
	return b.String()
}

// Unwrap is why the data set could not be fetched.
func (e *MissingError) Unwrap() error { return e.Cause }

// RangeError says that examples were asked for that a split doesn't have.
type RangeError struct {
	Set, Split string
	From, To   int    // the request: From ≤ i < To
	Size       int    // how many there are
	Where      string // which files they come from
	Remedy     string // how to get more, if there is a way
}

// Error says how many images there are, in which files, and what to set.
func (e *RangeError) Error() string {
	if e.From < 0 || e.To < e.From {
		return fmt.Sprintf("%s: %s[%d:%d] is not a range of images: it must be FROM:TO with 0 ≤ FROM ≤ TO ≤ %d",
			e.Set, e.Split, e.From, e.To, e.Size)
	}
	s := fmt.Sprintf("%s: %s[%d:%d] was asked for, but the %s split has %d images (%s): set dataset.%s to at most %d and keep ranges inside it",
		e.Set, e.Split, e.From, e.To, e.Split, e.Size, e.Where, e.Split, e.Size)
	if e.Remedy != "" {
		s += ", or " + e.Remedy
	}
	return s
}

// FileError reports a data file with the wrong content.
type FileError struct {
	Path   string
	Size   int64 // bytes found, −1 if unknown
	Record int   // index of the bad record in the file, −1 if the file as a whole is bad
	Offset int64 // of that record, in bytes; −1 if unknown
	Want   string
	Cause  error
}

// Error names the file, its size, the record, and the expected content.
func (e *FileError) Error() string {
	var b strings.Builder
	b.WriteString(e.Path)
	if e.Size >= 0 {
		fmt.Fprintf(&b, " (%d bytes)", e.Size)
	}
	if e.Record >= 0 {
		fmt.Fprintf(&b, ", record %d", e.Record)
		if e.Offset >= 0 {
			fmt.Fprintf(&b, " at byte %d", e.Offset)
		}
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	if e.Want != "" {
		fmt.Fprintf(&b, ": %s", e.Want)
	}
	return b.String()
}

// Unwrap is the error of the operating system, if there was one.
func (e *FileError) Unwrap() error { return e.Cause }

// isNotDir says that a path runs through something that isn't a folder.
func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
