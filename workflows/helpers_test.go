package workflows_test

import (
	"errors"
	"log/slog"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
)

// quiet keeps the SDK's log out of the tests' output.
var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

// seq is from, from+1, …, to-1.
func seq(from, to int) []int {
	var out []int
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func asApplication(err error, app **temporal.ApplicationError) bool { return errors.As(err, app) }
