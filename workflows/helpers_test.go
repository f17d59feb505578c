package workflows_test

import (
	"errors"

	"go.temporal.io/sdk/temporal"
)

// seq is from, from+1, …, to-1.
func seq(from, to int) []int {
	var out []int
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func asApplication(err error, app **temporal.ApplicationError) bool { return errors.As(err, app) }
