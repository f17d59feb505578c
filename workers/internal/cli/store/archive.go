package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"lossatlas/artifacts/transfer"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/export"
)

func saveCommand(a *app.App) *cobra.Command {
	cmd := app.Command("save SWEEP FILE.tar", "Write a sweep with all that it needs into one file, for another store", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error { return saveArchive(cmd.Context(), a, args[0], args[1]) })
	cmd.Long = cmd.Short + `.

The file is a plain tar of what ` + "`artifacts push`" + ` would send, verified while it is read; equal sweeps make
equal files. It is written whole or not at all. ` + "`artifacts load FILE.tar`" + ` brings it into another
store, where a run of the sweep finds everything done. Files for people and other programs are
written by ` + "`export sweep`" + `.`
	return cmd
}

func loadCommand(a *app.App) *cobra.Command {
	var replace bool
	cmd := app.Command("load FILE.tar", "Bring in a sweep that `artifacts save` wrote", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return loadArchive(cmd.Context(), a, args[0], replace) })
	cmd.Long = cmd.Short + `.

Every object is verified while it is read, and objects that exist are not written again; give the command
again after an interruption and it continues. The sweep is listed when all of it is there.

An archive deserves as much trust as its author. Digests prove that its bytes are the bytes that its records
name, and its records are compared: each step's outputs, recipe and kind must be the same in the sweep, in
its list of steps and in the cached results, or nothing is written. Nothing proves that the results were
computed: later runs use them as if they had been made here. ` + "`run --no-cache-read`" + ` computes them again
and compares.`
	cmd.Flags().BoolVar(&replace, "replace", false, "also in place of a later run of the same sweep")
	return cmd
}

// saved is what `artifacts save` and `artifacts load` say.
type saved struct {
	Sweep string `json:"sweep"`
	File  string `json:"file"`
	transfer.Copied
}

func saveArchive(ctx context.Context, a *app.App, sweep, file string) (err error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	if _, err := sweeps.Find(ctx, a, s, sweep); err != nil {
		return err
	}
	var c transfer.Copied
	err = export.Write(path, func(w io.Writer) (err error) {
		c, err = transfer.Save(ctx, s.Store, sweep, w, transfer.Options{Progress: copying(a)})
		return err
	})
	if err != nil {
		return err
	}
	return printCopied(a, sweep, "wrote", c, saved{sweep, path, c})
}

func loadArchive(ctx context.Context, a *app.App, file string, replace bool) (err error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return exit.Usagef("the archive %s can't be read: %w", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return exit.Usagef("%s is no file", file)
	}
	archive, err := transfer.OpenArchive(f, info.Size())
	if err != nil {
		return archiveError(file, err)
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	c, err := transfer.Load(ctx, s.Store, archive, transfer.Options{Replace: replace, Progress: copying(a)})
	if err != nil {
		return archiveError(file, err)
	}
	return printCopied(a, archive.Sweep(), "loaded", c, saved{archive.Sweep(), path, c})
}

// archiveError makes a file that is no archive, or contradicts itself, the user's mistake.
func archiveError(file string, err error) error {
	var bad *transfer.ArchiveError
	var contradiction *transfer.ContradictionError
	if errors.As(err, &bad) || errors.As(err, &contradiction) {
		return exit.With(exit.Usage, fmt.Errorf("%s: %w", file, err))
	}
	return err
}
