// Package cli is the command line: what each command does, in which form it
// answers, and how it ends.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"lossatlas/activities"
	"lossatlas/pipelines/syntax"
	"lossatlas/workers/home"
	"lossatlas/workers/internal/escape"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/logging"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/services"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/settings"
	"lossatlas/workers/internal/telemetry"
)

// Program is what differs between builds of the command, and what tests replace.
type Program struct {
	// Version as the build was told, or "".
	Version string
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

// Main runs the command line and returns the exit code.
func (p Program) Main(args []string) int {
	ctx, stop := interruptible(context.Background(), p.Err)
	defer stop()
	return p.Run(ctx, args)
}

// Run is Main without signals.
func (p Program) Run(ctx context.Context, args []string) int {
	a := &app{Program: p, rawOut: p.Out, rawErr: p.Err, invoked: invocation(p.Name)}
	a.Out, a.Err = escape.NewWriter(p.Out), escape.NewWriter(p.Err)
	root := a.root()
	root.SetArgs(args)
	root.SetIn(p.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	err := root.ExecuteContext(ctx)
	var coded *exit.Error
	if ctx.Err() != nil && err != nil && !errors.As(err, &coded) {
		// After an interrupt all sorts of things fail, each in its own words.
		a.log.Debug().Err(err).Msg("interrupted")
		err = exit.With(exit.Interrupted, errors.New("interrupted"))
	}
	if err != nil && !exit.IsSilent(err) {
		a.complain(err)
	}
	return int(exit.Of(err))
}

// interruptible ends the context at the first Ctrl-C or SIGTERM, and the
// process at the second.
func interruptible(ctx context.Context, stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	watched := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // under nohup it stays ignored
		watched = append(watched, syscall.SIGHUP)
	}
	signal.Notify(signals, watched...)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		cancel()
		if _, ok := <-signals; ok {
			fmt.Fprintln(stderr, "\nlossatlas: ended at once; what was finished is kept")
			os.Exit(int(exit.Interrupted))
		}
	}()
	return ctx, func() { signal.Stop(signals); close(signals); cancel() }
}

// app is one call of the program. Its Out and Err are for text: nothing in it steers a terminal, wherever it comes from.
type app struct {
	Program
	// rawOut and rawErr are for drawings in colour, bytes that are asked for, and other processes.
	rawOut, rawErr io.Writer
	// invoked is the program in the commands that messages advise.
	invoked string
	set     *settings.Settings
	home    *home.Home
	log     zerolog.Logger
	// quiet is the log for what only the log file should have: the servers' own words.
	quiet   zerolog.Logger
	printer progress.Printer
	// telemetry is nil in commands that don't last.
	telemetry *telemetry.Telemetry
}

// complain tells the user what went wrong.
func (a *app) complain(err error) {
	if a.set.JSON() {
		_ = json.NewEncoder(a.Err).Encode(map[string]any{"error": a.jsonError(err)}) // nowhere to report it
		return
	}
	var list syntax.Errors
	if errors.As(err, &list) {
		fmt.Fprintf(a.Err, "lossatlas: %s in the sweep file\n", count(len(list), "mistake"))
		for _, e := range list {
			fmt.Fprintf(a.Err, "  %s\n", a.hinted(e.Error()))
		}
		return
	}
	fmt.Fprintf(a.Err, "lossatlas: %s\n", a.hinted(strings.TrimSpace(err.Error())))
}

// jsonError is an error for programs.
func (a *app) jsonError(err error) map[string]any {
	out := map[string]any{"code": exit.Of(err), "message": a.hinted(err.Error())}
	var list syntax.Errors
	if errors.As(err, &list) {
		out["mistakes"] = list
	}
	return out
}

// count writes a number with its noun: "1 step", "2 steps".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// terminal says whether a stream is one.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// live says whether lines on standard error can be redrawn.
func (a *app) live() bool {
	kind, _ := a.Env("TERM")
	return terminal(a.rawErr) && kind != "dumb"
}

// begin opens the home and the log. Commands that work, and not just look,
// write the log file, too.
func (a *app) begin(level zerolog.Level, file bool) error {
	h, err := home.Open(a.set.Home, a.version())
	if err != nil {
		return err
	}
	a.home = h
	var w io.Writer
	if file {
		if w, err = h.Log("lossatlas"); err != nil {
			return err
		}
	}
	a.speak(level, w)
	if h.IsExposed() {
		a.log.Warn().Str("home", h.Dir()).Msg("Other users may write in the home, and so replace its keys. Run chmod go-w on it.")
	}
	return a.divert(file)
}

// divert gives libraries that print to standard error by themselves a log file of their own, or nothing.
func (a *app) divert(file bool) (err error) {
	if !a.Restart {
		return nil // this process is not the program's own
	}
	if file {
		os.Stderr, err = a.home.Log("libraries")
	} else {
		os.Stderr, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	stdlog.SetOutput(os.Stderr)
	return err
}

// speak opens the log, with a file for all of it unless that is nil.
func (a *app) speak(level zerolog.Level, file io.Writer) {
	if a.live() {
		f := a.rawErr.(*os.File)
		a.printer = progress.NewLive(f, func() int {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil {
				return w
			}
			return 80
		})
	} else {
		a.printer = progress.NewPlain(a.Err)
	}
	opts := logging.Options{Stderr: a.printer, Terminal: terminal(a.rawErr), Color: !a.set.NoColor && a.live(), Level: a.set.Level(level)}
	hidden := logging.Options{Stderr: io.Discard, Level: zerolog.Disabled}
	opts.File, hidden.File = file, file
	a.log, a.quiet = logging.New(opts), logging.New(hidden).Level(zerolog.WarnLevel)
}

// say tells the user something on standard error.
func (a *app) say(format string, args ...any) {
	a.printer.Say("%s", a.hinted(fmt.Sprintf(format, args...)))
}

// services opens the session that a command works with.
func (a *app) services(ctx context.Context) (*session.Session, error) {
	return session.Open(ctx, a.sessionOptions())
}

func (a *app) sessionOptions() session.Options {
	return session.Options{Settings: a.set, Home: a.home, Log: a.log, ServerLog: a.quiet, Embedded: a.Embedded, Say: a.say}
}

// serving is services for a command that lasts: it serves the pages of sweeps meanwhile, and what operators look at.
func (a *app) serving(ctx context.Context) (*session.Session, error) {
	if a.telemetry == nil {
		var err error
		a.telemetry, err = telemetry.Start(ctx, telemetry.Options{Address: a.set.MetricsAddress, Version: a.version(), Alive: alive, Log: a.log})
		if err != nil {
			return nil, err
		}
	}
	opts := a.sessionOptions()
	opts.Work, opts.Pages, opts.Telemetry = true, a.pages, a.telemetry
	return session.Open(ctx, opts)
}

// alive says whether this process still does what it was given.
func alive() error {
	if n := activities.Hung(); n > 0 {
		return fmt.Errorf("%d activities have made no progress for long", n)
	}
	return nil
}

// finish closes a session, keeping the command's own error first.
func (a *app) finish(s *session.Session, err *error) {
	if e := errors.Join(s.Close(), a.telemetry.Stop()); e != nil {
		a.log.Warn().Err(e).Msg("the services did not end cleanly")
		if *err == nil {
			*err = e
		}
	}
}

// command makes a command with the error handling that all share.
func command(use, short string, args cobra.PositionalArgs, run func(*cobra.Command, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: usage(args), RunE: run}
}

// usage makes errors about arguments usage errors.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return exit.Usagef("%s: %w; usage: %s", cmd.CommandPath(), err, cmd.UseLine())
		}
		return nil
	}
}
