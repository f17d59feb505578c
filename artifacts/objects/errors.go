package objects

import (
	"errors"
	"strings"
)

// The errors of a bucket, for errors.Is. Next to these, an ended context passes
// through as context.Canceled or context.DeadlineExceeded.
var (
	// ErrNotFound is the answer to a question for something that isn't in the
	// store: a blob, an action, a part or a root.
	ErrNotFound = errors.New("not in the store")
	// ErrUnreachable: nothing answered at the endpoint, or the connection was lost.
	ErrUnreachable = errors.New("store unreachable")
	// ErrCertificate: the server's certificate is not valid for it, or the server does not use https.
	ErrCertificate = errors.New("no secure connection")
	// ErrCredentials: the store doesn't know the access key, or the secret key is wrong.
	ErrCredentials = errors.New("wrong credentials")
	// ErrAccessDenied: the credentials are known and don't allow this.
	ErrAccessDenied = errors.New("access denied")
	// ErrNoBucket: the bucket was there when the store was opened, and is gone.
	ErrNoBucket = errors.New("no such bucket")
	// ErrNoSpace: the disk behind the store is full, or a quota is used up.
	ErrNoSpace = errors.New("no space left in the store")
	// ErrClockSkew: this machine's clock and the store's differ by too much for signatures to hold.
	ErrClockSkew = errors.New("clocks differ")
	// ErrUnsupported: the server lacks something the store is built on.
	ErrUnsupported = errors.New("not supported by the server")
)

// Error is a failed request: the operation, the object, the place,
// and why it failed. Unwrap gives the sentinel (when there is one) and the
// cause.
type Error struct {
	Op     string // "put", "get", …
	Object string // its name in the bucket; "" when the request was about the bucket
	Where  string // the endpoint and the bucket
	Kind   error  // one of the sentinels, or nil
	Advice string // what to do about it, or ""
	Err    error  // of the client library
}

// Error says what failed, why, and what to do about it.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Object != "" {
		b.WriteString(" " + e.Object)
	}
	b.WriteString(" (" + e.Where + "): ")
	switch {
	case e.Kind == nil:
		b.WriteString(words(e.Err))
	case e.Err == nil || e.Kind == ErrNotFound: // the server's own words add nothing
		b.WriteString(e.Kind.Error())
	default:
		b.WriteString(e.Kind.Error() + ": " + words(e.Err))
	}
	if e.Advice != "" {
		b.WriteString("; " + e.Advice)
	}
	return b.String()
}

// words is the text of an error, for use in a sentence.
func words(err error) string { return strings.TrimSuffix(err.Error(), ".") }

// Unwrap gives errors.Is and errors.As both the kind and the cause.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}
