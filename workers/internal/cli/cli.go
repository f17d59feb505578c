// Package cli is the command line: the root command, and how a call begins and ends. The commands themselves are in its
// subpackages, and their common parts in app.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.temporal.io/sdk/worker"

	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
)

// Program has the parts that differ between builds of the command, or that tests replace.
type Program app.Program

// Main runs the command line and returns the exit code.
func (p Program) Main(args []string) int {
	ctx, stop := interruptible(context.Background(), p.Err)
	defer stop()
	// Without an identifier of the program the SDK hashes its file, 0.5 s of every start.
	worker.SetBinaryChecksum(app.New(app.Program(p)).BuildVersion())
	return p.Run(ctx, args)
}

// Run is Main without signals.
func (p Program) Run(ctx context.Context, args []string) int {
	a := app.New(app.Program(p))
	root := rootCommand(a)
	root.SetArgs(args)
	root.SetIn(p.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	err := root.ExecuteContext(ctx)
	var coded *exit.Error
	if ctx.Err() != nil && err != nil && !errors.As(err, &coded) {
		// After an interrupt all sorts of things fail, each in its own words.
		a.Log.Debug().Err(err).Msg("interrupted")
		err = exit.With(exit.Interrupted, errors.New("interrupted"))
	}
	if err != nil && !exit.IsSilent(err) {
		a.Complain(err)
	}
	return int(exit.Of(err))
}

// oneStop is the time in which signals count as one: timeout and task runners signal a process, and then its group once more.
const oneStop = 250 * time.Millisecond

// interruptible ends the context at the first Ctrl-C, SIGTERM or SIGUSR1, which batch systems send ahead of a job's end, and
// the process at the second.
func interruptible(ctx context.Context, stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	watched := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1}
	if !signal.Ignored(syscall.SIGHUP) { // under nohup it stays ignored
		watched = append(watched, syscall.SIGHUP)
	}
	signal.Notify(signals, watched...)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		first := time.Now()
		cancel()
		for range signals {
			if time.Since(first) > oneStop {
				fmt.Fprintln(stderr, "\nlossatlas: ended at once; finished steps are kept, and the same command continues")
				os.Exit(int(exit.Interrupted))
			}
		}
	}()
	return ctx, func() { signal.Stop(signals); close(signals); cancel() }
}
