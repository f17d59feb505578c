// Package app is what all commands share: the program's settings, log and messages, the session that a command works
// with, and the forms of its output.
package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"os"
	"strings"

	"lossatlas/pipelines/syntax"
	"lossatlas/workers/internal/services"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"lossatlas/workers/home"
	"lossatlas/workers/internal/escape"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/logging"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/settings"
	"lossatlas/workers/internal/telemetry"
)

// Program has the parts that differ between builds of the command, or that tests replace.
type Program struct {
	// Revision of the source, given by the build, or "".
	Revision string
	// Name is how the user called the program, or "".
	Name string
	// Embedded starts the embedded services; nil in a build without them.
	Embedded *services.Embedded
	In       io.Reader
	Out, Err io.Writer
	Env      func(string) (string, bool)
	// Restart says that the process is the program's own: it may start itself again with another environment, and
	// change where standard error goes.
	Restart bool
}

// App is one call of the program. Its Out and Err escape control sequences in text from any source.
type App struct {
	Program
	// RawOut and RawErr are unescaped: for drawings in colour, stored bytes and other processes.
	RawOut, RawErr io.Writer
	// Settings are bound to the flags of the root command.
	Settings *settings.Settings
	// Home, Log and Printer are set by Begin.
	Home    *home.Home
	Log     zerolog.Logger
	Printer progress.Printer
	// Telemetry is nil in commands that end by themselves.
	Telemetry *telemetry.Telemetry

	invoked   string         // the program in the commands that messages advise
	serverLog zerolog.Logger // what servers log, for the log file alone
}

// New prepares a call of the program.
func New(p Program) *App {
	a := &App{Program: p, RawOut: p.Out, RawErr: p.Err, invoked: invocation(p.Name)}
	a.Out, a.Err = escape.NewWriter(p.Out), escape.NewWriter(p.Err)
	return a
}

// Complain prints an error for the user.
func (a *App) Complain(err error) {
	if a.Settings.JSON() {
		_ = json.NewEncoder(a.Err).Encode(map[string]any{"error": a.jsonError(err)}) // nowhere to report it
		return
	}
	var list syntax.Errors
	if errors.As(err, &list) {
		first := ""
		if len(list) == syntax.MaxErrors {
			first = "the first "
		}
		fmt.Fprintf(a.Err, "lossatlas: %s%s in the sweep file\n", first, Count(len(list), "mistake"))
		for _, e := range list {
			fmt.Fprintf(a.Err, "  %s\n", a.Hinted(e.Error()))
		}
		return
	}
	fmt.Fprintf(a.Err, "lossatlas: %s\n", a.Hinted(strings.TrimSpace(errorText(err))))
}

// jsonError is an error for programs.
func (a *App) jsonError(err error) map[string]any {
	out := map[string]any{"code": exit.Of(err), "message": a.Hinted(errorText(err))}
	var list syntax.Errors
	if errors.As(err, &list) {
		out["mistakes"] = list
	}
	return out
}

// Count writes a number with its noun: "1 step", "2 steps".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// IsTerminal says whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// live says whether lines on standard error can be redrawn.
func (a *App) live() bool {
	kind, _ := a.Env("TERM")
	return IsTerminal(a.RawErr) && kind != "dumb"
}

// Begin opens the home and the log; file says whether to write the log file, too.
func (a *App) Begin(level zerolog.Level, file bool) error {
	h, err := home.Open(a.Settings.Home, a.BuildVersion())
	if err != nil {
		return err
	}
	a.Home = h
	var w io.Writer
	if file {
		if w, err = h.Log("lossatlas"); err != nil {
			return err
		}
	}
	a.StartLog(level, w)
	if h.IsExposed() {
		a.Log.Warn().Str("home", h.Dir()).Msg("Other users may write in the home, and so replace its keys. Run chmod go-w on it.")
	}
	return a.divert(file)
}

// divert sends what libraries print to standard error to a log file, or discards it.
func (a *App) divert(file bool) (err error) {
	if !a.Restart {
		return nil // this process is not the program's own
	}
	if file {
		os.Stderr, err = a.Home.Log("libraries")
	} else {
		os.Stderr, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	stdlog.SetOutput(os.Stderr)
	return err
}

// StartLog opens the log. The file, which may be nil, gets every line of it.
func (a *App) StartLog(level zerolog.Level, file io.Writer) {
	if a.live() {
		f := a.RawErr.(*os.File)
		a.Printer = progress.NewLive(f, func() int {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil {
				return w
			}
			return 80
		})
	} else {
		a.Printer = progress.NewPlain(a.Err)
	}
	opts := logging.Options{Stderr: a.Printer, Terminal: IsTerminal(a.RawErr), Color: !a.Settings.NoColor && a.live(), Level: a.Settings.Level(level)}
	hidden := logging.Options{Stderr: io.Discard, Level: zerolog.Disabled}
	opts.File, hidden.File = file, file
	a.Log, a.serverLog = logging.New(opts), logging.New(hidden).Level(zerolog.WarnLevel)
}

// Say writes a message for the user to standard error.
func (a *App) Say(format string, args ...any) {
	a.Printer.Say("%s", a.Hinted(fmt.Sprintf(format, args...)))
}

// OpenSession opens the session of a command that reads the home and writes no log file.
func (a *App) OpenSession(ctx context.Context) (*session.Session, error) {
	if err := a.Begin(zerolog.WarnLevel, false); err != nil {
		return nil, err
	}
	return a.Services(ctx)
}

// WithSession calls do with the session of a command that reads the home.
func (a *App) WithSession(ctx context.Context, do func(s *session.Session) error) (err error) {
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	return do(s)
}

// InSession makes the run function of a command that checks nothing before its session is open.
func (a *App) InSession(run func(ctx context.Context, s *session.Session, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return a.WithSession(cmd.Context(), func(s *session.Session) error { return run(cmd.Context(), s, args) })
	}
}

// Services opens a session after Begin.
func (a *App) Services(ctx context.Context) (*session.Session, error) {
	return session.Open(ctx, a.SessionOptions())
}

// SessionOptions are the options of a session that only reads.
func (a *App) SessionOptions() session.Options {
	return session.Options{Settings: a.Settings, Home: a.Home, Log: a.Log, ServerLog: a.serverLog, Embedded: a.Embedded, Say: a.Say}
}

// Finish closes a session. An error of the command comes before one of closing.
func (a *App) Finish(s *session.Session, err *error) {
	if e := errors.Join(s.Close(), a.Telemetry.Stop()); e != nil {
		a.Log.Warn().Err(e).Msg("the services did not end cleanly")
		if *err == nil {
			*err = e
		}
	}
}
