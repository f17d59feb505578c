// Package logging sets up the program's log: on standard error for people or programs, and completely in a file of the home.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	sdklog "go.temporal.io/sdk/log"

	"lossatlas/workers/internal/escape"
)

// Options configure the log.
type Options struct {
	// Stderr gets the lines of Level and above, formatted for people if Terminal is set.
	Stderr   io.Writer
	Terminal bool
	Color    bool
	Level    zerolog.Level
	// File, if not nil, gets the lines of debug and above, as JSON.
	File io.Writer
}

// New returns the program's logger.
func New(o Options) zerolog.Logger {
	front := o.Stderr
	if o.Terminal {
		front = zerolog.ConsoleWriter{Out: o.Stderr, NoColor: !o.Color, TimeFormat: time.TimeOnly, FormatPrepare: escaped, FormatFieldValue: escapedValue}
	}
	out := zerolog.LevelWriter(&zerolog.FilteredLevelWriter{Writer: zerolog.LevelWriterAdapter{Writer: front}, Level: o.Level})
	least := o.Level
	if o.File != nil {
		least = min(least, zerolog.DebugLevel)
		out = zerolog.MultiLevelWriter(out, &fileWriter{out: o.File, stderr: o.Stderr})
	}
	return zerolog.New(out).Level(least).With().Timestamp().Logger()
}

// escapedValue formats a field's value without control characters.
func escapedValue(v any) string { return escape.Text(fmt.Sprintf("%s", v)) }

// escaped escapes control characters in a line's message.
func escaped(line map[string]any) error {
	if text, ok := line[zerolog.MessageFieldName].(string); ok {
		line[zerolog.MessageFieldName] = escape.Text(text)
	}
	return nil
}

// fileWriter writes to a file until a write fails, which it reports once: a full disk must not flood the terminal.
type fileWriter struct {
	out    io.Writer
	stderr io.Writer
	failed atomic.Bool
}

// Write never fails.
func (f *fileWriter) Write(b []byte) (int, error) {
	if f.failed.Load() {
		return len(b), nil
	}
	if _, err := f.out.Write(b); err != nil && f.failed.CompareAndSwap(false, true) {
		fmt.Fprintf(f.stderr, "the log file is closed: %v\n", err)
	}
	return len(b), nil
}

// Temporal is the same log for the Temporal SDK, from warnings on: the rest is of no use to users.
func Temporal(log zerolog.Logger) sdklog.Logger {
	log = log.With().Str("from", "temporal").Logger().Level(max(log.GetLevel(), zerolog.WarnLevel))
	return sdklog.NewStructuredLogger(slog.New(zerolog.NewSlogHandler(log)))
}
