// Package exit defines the exit codes of the program and the errors that carry them.
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
	Partial     Code = 3   // some experiments failed, the others are done
	Interrupted Code = 130 // stopped by Ctrl-C or SIGTERM
)

// Changes is the code of `plan --detailed-exitcode` if there are steps to run. It has the value of Usage, as in terraform:
// usage errors of plan have a message.
const Changes Code = 2

// Error is an error with an exit code. Err is nil if the user has already seen what happened.
type Error struct {
	Code Code
	Err  error
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

// Usagef is an error in the use of the program.
func Usagef(format string, args ...any) error {
	return &Error{Code: Usage, Err: fmt.Errorf(format, args...)}
}

// Silently ends the program with a code, without a message.
func Silently(code Code) error { return &Error{Code: code} }

// Of returns the exit code of an error. Without its own, it is Usage for sweep files, Interrupted for context.Canceled, and
// Failed otherwise.
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

// IsSilent reports whether an error needs no message.
func IsSilent(err error) bool {
	var coded *Error
	return errors.As(err, &coded) && coded.Err == nil
}
