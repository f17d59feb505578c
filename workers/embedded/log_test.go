package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

func lines(t *testing.T, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for dec := json.NewDecoder(out); dec.More(); {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all
}

func TestServerLogKeepsLevelsAndTags(t *testing.T) {
	var out bytes.Buffer
	l := serverLog{zl: zerolog.New(&out).Level(zerolog.WarnLevel)}
	l.Info("not shown", tag.NewStringTag("a", "b"))
	log.With(l, tag.NewStringTag("service", "history")).Warn("slow", tag.NewInt("tasks", 3))
	l.Error("lost", tag.Error(errors.New("the disk is full")))
	l.DPanic("odd")
	want := []map[string]any{
		{"level": "warn", "message": "slow", "service": "history", "tasks": 3.0},
		{"level": "error", "message": "lost", "error": "the disk is full"},
		{"level": "error", "message": "odd"},
	}
	if diff := cmp.Diff(want, lines(t, &out)); diff != "" {
		t.Error(diff)
	}
}

func TestFatalEndsTheGoroutineAndNotTheProcess(t *testing.T) {
	cause := errors.New("address already in use")
	var got error
	var out bytes.Buffer
	l := serverLog{zl: zerolog.New(&out), fatal: func(err error) { got = err }}
	var wg sync.WaitGroup
	returned := false
	wg.Go(func() {
		l.Fatal("Failed to start gRPC listener", tag.Error(cause))
		returned = true
	})
	wg.Wait()
	if returned {
		t.Error("Fatal returned to its caller")
	}
	if got == nil || got.Error() != "the Temporal server failed: Failed to start gRPC listener: address already in use" {
		t.Errorf("reported %v", got)
	}
	if n := len(lines(t, &out)); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
}

func TestPanicPanics(t *testing.T) {
	defer func() {
		if r := recover(); r != "impossible" {
			t.Errorf("recovered %v", r)
		}
	}()
	serverLog{zl: zerolog.Nop()}.Panic("impossible")
}
