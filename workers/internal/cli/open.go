package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"
)

func (a *app) openCommand() *cobra.Command {
	return command("open SWEEP", "Show a sweep's report in a browser, or print its address where there is none", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return a.open(cmd.Context(), args[0]) })
}

func (a *app) open(ctx context.Context, name string) (err error) {
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	w, err := a.find(ctx, s, name)
	if err != nil {
		return err
	}
	path, err := a.keepReport(ctx, s.Store, w.Root)
	if err != nil {
		return err
	}
	if path == "" {
		return fmt.Errorf("sweep %s has no report: it is %s", name, w.State)
	}
	if a.set.Output != "text" {
		return a.printJSON(map[string]string{"sweep": name, "report": path})
	}
	address := (&url.URL{Scheme: "file", Path: path}).String()
	if _, err := fmt.Fprintln(a.Out, address); err != nil {
		return err
	}
	if err := a.browse(ctx, address); err != nil {
		a.log.Info().Err(err).Msg("no browser was started")
	}
	return nil
}

// browse asks the desktop to show an address. A machine without one is an error.
func (a *app) browse(ctx context.Context, address string) error {
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
	path, err := exec.LookPath(opener)
	if err != nil {
		return err
	}
	return exec.CommandContext(ctx, path, address).Run()
}
