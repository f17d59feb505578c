package exit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"lossatlas/pipelines/syntax"
	"lossatlas/workers/internal/exit"
)

func TestOf(t *testing.T) {
	file := &syntax.FileError{File: "a.yaml", Line: 1, Column: 1, Message: "unknown key"}
	for _, c := range []struct {
		name string
		err  error
		want exit.Code
	}{
		{"no error", nil, exit.Done},
		{"any error", errors.New("boom"), exit.Failed},
		{"usage", exit.Usagef("no such flag"), exit.Usage},
		{"usage, wrapped", fmt.Errorf("run: %w", exit.Usagef("no such flag")), exit.Usage},
		{"one mistake in a sweep file", fmt.Errorf("read: %w", file), exit.Usage},
		{"mistakes in a sweep file", syntax.Errors{file, file}, exit.Usage},
		{"interrupted", fmt.Errorf("wait: %w", context.Canceled), exit.Interrupted},
		{"ran into a deadline", context.DeadlineExceeded, exit.Failed},
		{"coded", exit.With(exit.Partial, errors.New("2 of 4 failed")), exit.Partial},
		{"silent", exit.Silently(exit.Interrupted), exit.Interrupted},
	} {
		if got := exit.Of(c.err); got != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.want)
		}
	}
	if exit.With(exit.Failed, nil) != nil {
		t.Error("a nil error got a code")
	}
	if !exit.IsSilent(fmt.Errorf("run: %w", exit.Silently(exit.Partial))) || exit.IsSilent(errors.New("boom")) {
		t.Error("IsSilent must hold for silent errors and no others")
	}
}
