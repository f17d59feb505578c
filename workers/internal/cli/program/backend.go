package program

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"lossatlas/activities"
	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/table"
	"lossatlas/workers/plugin"
)

func backendCommand(a *app.App) *cobra.Command {
	var force bool
	install := app.Command("install", "Get an XLA plugin into the home, unless one is there", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return backendInstall(cmd.Context(), a, force) })
	install.Flags().BoolVar(&force, "force", false, "get it even if one is there")
	ls := app.Command("ls", "List the numeric backends and say which one computes", cobra.NoArgs, func(*cobra.Command, []string) error { return backendList(a) })
	ls.Aliases = []string{"list"}
	return app.Group("backend", "Numeric backends: list, install, check", ls, install,
		app.Command("check", "Open the backend and evaluate a small network on it; name its numerics class and that class's task queue", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error { return backendCheck(cmd.Context(), a) }),
		app.Command("path", "Print the path of the XLA plugin in use", cobra.NoArgs, func(*cobra.Command, []string) error { return backendPath(a) }),
	)
}

// backendRow is a numeric backend in the list.
type backendRow struct {
	Backend string `json:"backend"`
	InUse   bool   `json:"in_use"`
	Plugin  string `json:"plugin,omitempty"`
	Found   string `json:"found,omitempty"` // how the plugin was found
	Class   string `json:"class,omitempty"` // the numerics class, part of the keys of results
	Problem string `json:"problem,omitempty"`
}

func backendList(a *app.App) error {
	if err := a.Begin(zerolog.WarnLevel, false); err != nil {
		return err
	}
	chosen, _ := a.EngineOptions()
	found := chosen
	how := ""
	if a.Settings.Plugin == "" {
		if path, h, ok := plugin.Find(a.Home); ok {
			found.Plugin, how = path, h
		}
	}
	xla := backendRow{Backend: "xla", Plugin: found.Plugin, Found: how, InUse: chosen.Backend != "go" && chosen.Plugin != ""}
	if found.Plugin == "" {
		xla.Problem = a.Hinted("no plugin is installed; `lossatlas backend install` gets one")
	} else if class, err := engine.Class(engine.Options{Backend: "xla", Plugin: found.Plugin}); err != nil {
		xla.Problem = err.Error()
	} else {
		xla.Class = class
	}
	pure := backendRow{Backend: "go", InUse: !xla.InUse && chosen.Backend != "xla"}
	if class, err := engine.Class(engine.Options{Backend: "go"}); err != nil {
		pure.Problem = err.Error()
	} else {
		pure.Class = class
	}
	rows := []backendRow{xla, pure}
	return app.PrintList(a, rows, func() error {
		t := table.Table{Header: []string{"BACKEND", "IN USE", "CLASS", "PLUGIN"}}
		for _, r := range rows {
			use, class := "no", r.Class
			if r.InUse {
				use = "yes"
			}
			if r.Problem != "" {
				class = r.Problem
			}
			where := r.Plugin
			if r.Found != "" {
				where += " (" + r.Found + ")"
			}
			t.Add(r.Backend, use, class, where)
		}
		return t.Text(a.Out)
	})
}

func backendInstall(ctx context.Context, a *app.App, force bool) error {
	if err := a.Begin(zerolog.WarnLevel, true); err != nil {
		return err
	}
	if path, how, ok := plugin.Find(a.Home); ok && !force {
		a.Say("an XLA plugin is there: %s (%s)", path, how)
		return printPath(a, path)
	}
	path, err := plugin.Install(ctx, a.Home, a.Say)
	if err != nil {
		return err
	}
	a.Say("installed %s", path)
	return printPath(a, path)
}

func printPath(a *app.App, path string) error {
	if a.Settings.Output == "text" {
		return nil
	}
	return a.PrintJSON(map[string]string{"plugin": path})
}

func backendPath(a *app.App) error {
	if err := a.Begin(zerolog.WarnLevel, false); err != nil {
		return err
	}
	o, _ := a.EngineOptions()
	if o.Plugin == "" {
		return fmt.Errorf("no XLA plugin is in use; `lossatlas backend install` gets one")
	}
	_, err := fmt.Fprintln(a.Out, o.Plugin)
	return err
}

// backendChecked is what `backend check` found.
type backendChecked struct {
	Backend string  `json:"backend"`
	Class   string  `json:"class"`
	Queue   string  `json:"queue"` // the task queue of the class
	Plugin  string  `json:"plugin,omitempty"`
	Open    float64 `json:"open_seconds"`
	First   float64 `json:"compile_seconds"` // of the first evaluation, compilation included
	Speed   float64 `json:"images_per_second"`
}

// checkNet and checkImages are what `backend check` evaluates: small enough to
// take seconds, large enough to distinguish a working backend from a slow one.
const (
	checkNet    = "resnet20"
	checkImages = 256
)

func backendCheck(ctx context.Context, a *app.App) error {
	a.Settle()
	if err := a.Begin(zerolog.WarnLevel, false); err != nil {
		return err
	}
	o, _ := a.EngineOptions()
	since := time.Now()
	b, err := engine.Open(o)
	if err != nil {
		return err
	}
	defer b.Close()
	out := backendChecked{Backend: b.Name(), Class: b.Class(), Queue: activities.ClassQueue(b.Class()), Plugin: o.Plugin, Open: time.Since(since).Seconds()}
	e, err := checkEvaluator(b)
	if err != nil {
		return err
	}
	defer e.Close()
	since = time.Now()
	if _, err := e.At(ctx, 0, 0); err != nil {
		return fmt.Errorf("the backend %s opens, but does not compute: %w", b.Name(), err)
	}
	out.First = time.Since(since).Seconds()
	since = time.Now()
	if _, err := e.At(ctx, 0, 0); err != nil {
		return err
	}
	out.Speed = checkImages / time.Since(since).Seconds()
	if a.Settings.Output != "text" {
		return a.PrintJSON(out)
	}
	_, err = fmt.Fprintf(a.Out, "backend %s works: %s evaluates %.0f images/s (opened in %.1f s, compiled in %.1f s)\nclass %s\ntask queue %s\n",
		out.Backend, checkNet, out.Speed, out.Open, out.First, out.Class, out.Queue)
	return err
}

// checkEvaluator prepares a fresh network and some drawn images.
func checkEvaluator(b *engine.Backend) (*engine.Evaluator, error) {
	src, err := data.Open(data.Shapes10, data.Options{})
	if err != nil {
		return nil, err
	}
	images, err := src.Load(data.Test, 0, checkImages)
	if err != nil {
		return nil, err
	}
	net, err := nets.ByName(checkNet, images.Problem)
	if err != nil {
		return nil, err
	}
	e, err := engine.NewEvaluator(b, net, images, checkImages/2)
	if err != nil {
		return nil, err
	}
	if err := e.SetCenter(net.Init(1)); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}
