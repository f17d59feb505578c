package transfer

import "fmt"

// LaterError refuses to replace a later run of a sweep.
type LaterError struct{ Sweep string }

// Error says what to do.
func (e *LaterError) Error() string {
	return fmt.Sprintf("there is a later run of sweep %s already where it is to go: replace it with --replace, or pin this one under another name first", e.Sweep)
}

// ContradictionError refuses to copy a sweep whose records do not agree.
type ContradictionError struct {
	Sweep  string
	Step   string // "" for all of them
	Reason string
}

// Error says where, and what to do.
func (e *ContradictionError) Error() string {
	step := ""
	if e.Step != "" {
		step = " step " + e.Step + ":"
	}
	return fmt.Sprintf("sweep %s contradicts itself:%s %s; nothing was copied: `lossatlas artifacts verify`, where it comes from, sets such a record aside, and a run of the sweep makes it again",
		e.Sweep, step, e.Reason)
}

// ArchiveError says that a file is no archive that [Save] wrote, or not the whole of one.
type ArchiveError struct {
	Entry  string // "" for the file itself
	Reason string
}

// Error says where and what.
func (e *ArchiveError) Error() string {
	if e.Entry == "" {
		return "this is no archive of a sweep: " + e.Reason
	}
	return fmt.Sprintf("this is no archive of a sweep: %.200q %s", e.Entry, e.Reason)
}
