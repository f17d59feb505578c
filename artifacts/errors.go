package artifacts

import "errors"

// ErrNotFound is the answer to a question for something that isn't in the
// store: a blob, an action, a part or a root.
var ErrNotFound = errors.New("not in the store")
