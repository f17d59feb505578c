// Package exit says with which code the program ends, in one place.
package exit

import (
	"context"
	"errors"
	"fmt"

	"lossatlas/pipelines/syntax"
)

// Code is a process's exit code. Scripts rely on these values.
type Code int

// The exit codes.
const (
	Done        Code = 0   // all is well
	Failed      Code = 1   // the command failed
	Usage       Code = 2   // a wrong flag or argument, or a bad sweep file
	Partial     Code = 3   // some experiments failed and the rest are done
	Interrupted Code = 130 // stopped by Ctrl-C or SIGTERM
)

// Changes is what `plan --detailed-exitcode` ends with when there are steps to
// run. It shares its value with Usage, as terraform's does; errors in the
// usage of plan are told apart by their message.
const Changes Code = 2

// Error carries the code that an error ends the program with.
type Error struct {
	Code Code
	Err  error
	// Told is set when the user has already read what happened, so that no message follows.
	Told bool
}

// Error is the message of the error inside.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

// Unwrap returns the error inside.
func (e *Error) Unwrap() error { return e.Err }

// With gives an error a code. A nil error stays nil.
func With(code Code, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Err: err}
}

// Usagef is a mistake in how the program was called.
func Usagef(format string, args ...any) error {
	return &Error{Code: Usage, Err: fmt.Errorf(format, args...)}
}

// Silently ends the program with a code without a message: everything was said.
func Silently(code Code) error { return &Error{Code: code, Told: true} }

// Of returns the code that an error ends the program with. An error that
// carries none is a failure, unless it is a sweep file's or an interrupt.
func Of(err error) Code {
	var coded *Error
	var file syntax.Errors
	var one *syntax.FileError
	switch {
	case err == nil:
		return Done
	case errors.As(err, &coded):
		return coded.Code
	case errors.As(err, &file), errors.As(err, &one):
		return Usage
	case errors.Is(err, context.Canceled):
		return Interrupted
	}
	return Failed
}

// Told says whether the user has already read what happened.
func Told(err error) bool {
	var coded *Error
	return errors.As(err, &coded) && coded.Told
}
