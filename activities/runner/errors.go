package runner

// PermanentError is an error that no retry can mend: bad input, or a recipe that fails by itself.
type PermanentError struct {
	Type string // what the UI shows
	Err  error
}

func (e *PermanentError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *PermanentError) Unwrap() error { return e.Err }

// Permanent marks an error that no retry can mend. kind is the error type that the UI shows.
func Permanent(kind string, err error) error { return &PermanentError{kind, err} }
