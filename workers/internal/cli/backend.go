package cli

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
	"lossatlas/workers/plugin"
)

func (a *app) backendCommand() *cobra.Command {
	var force bool
	install := command("install", "Get an XLA plugin into the home, unless one is there", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return a.backendInstall(cmd.Context(), force) })
	install.Flags().BoolVar(&force, "force", false, "get it even if one is there")
	ls := command("ls", "List the numeric backends and say which one computes", cobra.NoArgs, func(*cobra.Command, []string) error { return a.backendList() })
	ls.Aliases = []string{"list"}
	return group("backend", "Numeric backends: list, install, check", ls, install,
		command("check", "Open the backend and evaluate a small network on it; name its numerics class and that class's task queue", cobra.NoArgs, func(cmd *cobra.Command, _ []string) error { return a.backendCheck(cmd.Context()) }),
		command("path", "Print the path of the XLA plugin in use", cobra.NoArgs, func(*cobra.Command, []string) error { return a.backendPath() }),
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

func (a *app) backendList() error {
	if err := a.begin(zerolog.WarnLevel, false); err != nil {
		return err
	}
	chosen, _ := a.engineOptions()
	found := chosen
	how := ""
	if a.set.Plugin == "" {
		if path, h, ok := plugin.Find(a.home); ok {
			found.Plugin, how = path, h
		}
	}
	xla := backendRow{Backend: "xla", Plugin: found.Plugin, Found: how, InUse: chosen.Backend != "go" && chosen.Plugin != ""}
	if found.Plugin == "" {
		xla.Problem = a.hinted("no plugin is installed; `lossatlas backend install` gets one")
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
	return printList(a, rows, func() error {
		t := table{header: []string{"BACKEND", "IN USE", "CLASS", "PLUGIN"}}
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
			t.add(r.Backend, use, class, where)
		}
		return t.text(a.Out)
	})
}

func (a *app) backendInstall(ctx context.Context, force bool) error {
	if err := a.begin(zerolog.InfoLevel, true); err != nil {
		return err
	}
	if path, how, ok := plugin.Find(a.home); ok && !force {
		a.say("an XLA plugin is there: %s (%s)", path, how)
		return a.printPath(path)
	}
	a.say("getting an XLA plugin")
	path, err := plugin.Install(ctx, a.home, a.log)
	if err != nil {
		return err
	}
	a.say("installed %s", path)
	return a.printPath(path)
}

func (a *app) printPath(path string) error {
	if a.set.Output == "text" {
		return nil
	}
	return a.printJSON(map[string]string{"plugin": path})
}

func (a *app) backendPath() error {
	if err := a.begin(zerolog.WarnLevel, false); err != nil {
		return err
	}
	o, _ := a.engineOptions()
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
// take seconds, large enough to tell a working backend from a slow one.
const (
	checkNet    = "resnet20"
	checkImages = 256
)

func (a *app) backendCheck(ctx context.Context) error {
	a.settle()
	if err := a.begin(zerolog.WarnLevel, false); err != nil {
		return err
	}
	o, _ := a.engineOptions()
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
	if a.set.Output != "text" {
		return a.printJSON(out)
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
