// Package logging sets up the program's log: for people or machines on
// standard error, and in full in a file of the home.
package logging

import (
	"io"
	"log/slog"
	"time"

	"github.com/rs/zerolog"
	sdklog "go.temporal.io/sdk/log"
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
		front = zerolog.ConsoleWriter{Out: o.Stderr, NoColor: !o.Color, TimeFormat: time.TimeOnly}
	}
	out := zerolog.LevelWriter(&zerolog.FilteredLevelWriter{Writer: zerolog.LevelWriterAdapter{Writer: front}, Level: o.Level})
	least := o.Level
	if o.File != nil {
		least = min(least, zerolog.DebugLevel)
		out = zerolog.MultiLevelWriter(out, o.File)
	}
	return zerolog.New(out).Level(least).With().Timestamp().Logger()
}

// temporalLevel: of what the Temporal SDK says, only warnings and errors are of
// use to a user of the program.
const temporalLevel = zerolog.WarnLevel

// Temporal is the same log for the Temporal SDK, through slog, from warnings on.
func Temporal(log zerolog.Logger) sdklog.Logger {
	log = log.With().Str("from", "temporal").Logger().Level(max(log.GetLevel(), temporalLevel))
	return sdklog.NewStructuredLogger(slog.New(zerolog.NewSlogHandler(log)))
}
