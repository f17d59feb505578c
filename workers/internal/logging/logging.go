// Package logging sets up the program's log: for people or machines on
// standard error, and in full in a file of the home.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	sdklog "go.temporal.io/sdk/log"

	"lossatlas/workers/internal/escape"
)

// Options say where the log goes.
type Options struct {
	// Stderr gets what is of Level or above; Terminal says that a person reads it there.
	Stderr   io.Writer
	Terminal bool
	Color    bool
	Level    zerolog.Level
	// File, if not nil, gets everything from debug on, as JSON.
	File io.Writer
}

// New returns the program's logger.
func New(o Options) zerolog.Logger {
	var front io.Writer = o.Stderr
	if o.Terminal {
		front = zerolog.ConsoleWriter{Out: o.Stderr, NoColor: !o.Color, TimeFormat: time.TimeOnly, FormatPrepare: escaped, FormatFieldValue: escapedValue}
	}
	out := zerolog.LevelWriter(&zerolog.FilteredLevelWriter{Writer: zerolog.LevelWriterAdapter{Writer: front}, Level: o.Level})
	least := o.Level
	if o.File != nil {
		least = min(least, zerolog.DebugLevel)
		out = zerolog.MultiLevelWriter(out, &faint{out: o.File, front: o.Stderr})
	}
	return zerolog.New(out).Level(least).With().Timestamp().Logger()
}

// escapedValue is a field's value that does not steer the terminal.
func escapedValue(v any) string { return escape.Text(fmt.Sprintf("%s", v)) }

// escaped keeps a line's message from steering the terminal.
func escaped(line map[string]any) error {
	if text, ok := line[zerolog.MessageFieldName].(string); ok {
		line[zerolog.MessageFieldName] = escape.Text(text)
	}
	return nil
}

// faint passes on to a file until a write fails, which it says once: a full disk
// must not drown what the program itself has to say about it.
type faint struct {
	out   io.Writer
	front io.Writer
	once  sync.Once
	dead  atomic.Bool
}

// Write never fails.
func (f *faint) Write(b []byte) (int, error) {
	if f.dead.Load() {
		return len(b), nil
	}
	if _, err := f.out.Write(b); err != nil {
		f.dead.Store(true)
		f.once.Do(func() { fmt.Fprintf(f.front, "the log file is given up: %v\n", err) })
	}
	return len(b), nil
}

// temporalLevel: of what the Temporal SDK says, only warnings and errors are of
// use to a user of the program.
const temporalLevel = zerolog.WarnLevel

// Temporal is the same log for the Temporal SDK, through slog, from warnings on.
func Temporal(log zerolog.Logger) sdklog.Logger {
	log = log.With().Str("from", "temporal").Logger().Level(max(log.GetLevel(), temporalLevel))
	return sdklog.NewStructuredLogger(slog.New(zerolog.NewSlogHandler(log)))
}
