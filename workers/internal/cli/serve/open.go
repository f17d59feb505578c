package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/pages"
	"lossatlas/workers/internal/session"
)

func openCommand(a *app.App) *cobra.Command {
	return app.Command("open SWEEP", "Show a sweep's page in a browser, or print its address where no browser starts: live while `up` or `run` serves it, else the report, or a page of the pictures so far", cobra.ExactArgs(1),
		a.InSession(func(ctx context.Context, s *session.Session, args []string) error { return open(ctx, a, s, args[0]) }))
}

func open(ctx context.Context, a *app.App, s *session.Session, name string) error {
	w, err := sweeps.FindExperiments(ctx, a, s, name)
	if err != nil {
		return err
	}
	found, err := w.Results(ctx, s)
	if err != nil {
		return err
	}
	found.Numerics = w.Root.Numerics // for the points of unfinished maps
	path, err := sweeps.KeepReport(ctx, a, found)
	if err != nil {
		return err
	}
	out := opened{Sweep: name, Report: path}
	if served := s.Pages(); served != "" {
		out.Page = s.Link(served + pages.Path(name))
	}
	if out.Page == "" && path == "" {
		return fmt.Errorf("sweep %s has no picture yet: it is %s; `lossatlas up` serves its page", name, w.State)
	}
	if a.Settings.Output != "text" {
		return a.PrintJSON(out)
	}
	address := cmp.Or(out.Page, (&url.URL{Scheme: "file", Path: path}).String())
	if _, err := fmt.Fprintln(a.Out, address); err != nil {
		return err
	}
	if out.Page != "" {
		if path, err = a.Home.RedirectPage(name, out.Page); err != nil {
			return err
		}
	}
	if err := Browse(ctx, a, path); err != nil {
		a.Log.Info().Err(err).Msg("no browser was started")
	}
	return nil
}

// opened is what `open` shows: the stored report, "" if there is no report, and the address of the served page.
type opened struct {
	Sweep  string `json:"sweep"`
	Report string `json:"report"`
	Page   string `json:"page,omitempty"`
}

// Browse asks the desktop to show a file. A machine without one is an error.
func Browse(ctx context.Context, a *app.App, path string) error {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	} else {
		x, _ := a.Env("DISPLAY")
		wayland, _ := a.Env("WAYLAND_DISPLAY")
		if x == "" && wayland == "" {
			return errors.New("this machine has no desktop")
		}
	}
	program, err := exec.LookPath(opener)
	if err != nil {
		return err
	}
	return exec.CommandContext(ctx, program, (&url.URL{Scheme: "file", Path: path}).String()).Run()
}
