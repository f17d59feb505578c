package run

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/estimate"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/table"
)

// planOptions are the flags of `plan`.
type planOptions struct {
	preset   string
	out      string
	detailed bool
	speed    float64 // TFLOP/s
}

func planCommand(a *app.App) *cobra.Command {
	var o planOptions
	cmd := app.Command("plan SWEEP.yaml", "Show every step with its key: cached, to run and why, or blocked until its inputs are known", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return plan(cmd.Context(), a, args[0], o) })
	cmd.Long = cmd.Short + `.

Of a step to run it says what changed since the sweep's last recorded run: a parameter, an input, the code's
version, the numerics class; and how long it will take, where steps of its kind ran before in this store. --speed estimates it
for a device of that speed, such as a GPU to be rented.

With --out the plan is saved to a file together with the sweep file. ` + "`lossatlas run FILE`" + ` runs exactly this plan: it
refuses when data, imported files, numerics class or program have changed, or when results that the plan needs are gone.`
	cmd.Flags().StringVar(&o.preset, "preset", "", "`name` of a preset in the file")
	cmd.Flags().StringVarP(&o.out, "out", "o", "", "save the plan to a `file`, for `lossatlas run`")
	cmd.Flags().Float64Var(&o.speed, "speed", 0, "estimate times for a device of so many `TFLOP/s`, not from earlier runs")
	cmd.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "end with 2 when steps are to run, 0 when all are cached, 1 after an error")
	return cmd
}

func plan(ctx context.Context, a *app.App, file string, o planOptions) (err error) {
	if o.detailed {
		// 2 means "steps to run" here, so a usage error ends with 1.
		defer func() {
			if err != nil && exit.Of(err) == exit.Usage && !exit.IsSilent(err) {
				err = exit.With(exit.Failed, err)
			}
		}()
	}
	if o.speed < 0 || math.IsNaN(o.speed) || math.IsInf(o.speed, 0) {
		return exit.Usagef("--speed: %v is no speed; give TFLOP/s, as 0.1 for two cores or 10 for a GPU", o.speed)
	}
	sweep, err := launch.Read(file, o.preset)
	if err != nil {
		return err
	}
	keep := ""
	if slices.Contains([]string{"text", "json", "jsonl"}, o.out) {
		return exit.Usagef("--out %s would save the plan to a file of that name: write --output %[1]s to choose the format of the output, or --out ./%[1]s for the file", o.out)
	}
	if o.out != "" {
		if keep, err = launch.PlanPath(o.out); err != nil {
			return err
		}
	}
	if err := a.Begin(zerolog.WarnLevel, false); err != nil {
		return err
	}
	defer a.Printer.Close()
	g, err := launch.Expand(ctx, sweep, a.DataOptions(), fetching(a))
	if err != nil {
		return err
	}
	for _, note := range sweep.Notes {
		a.Say("%s", note)
	}
	if evaluated, points := g.StatedPoints(); points > 0 {
		a.Say("maps with a stated error: about %d of %d points are evaluated (%.0f %%) if the loss is smooth, up to all if it is torn", evaluated, points, 100*float64(evaluated)/float64(points))
	}
	own, err := a.MachineClass()
	if err != nil {
		return err
	}
	s, err := a.Services(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	numerics, err := classOf(ctx, s, sweep, own, "")
	if err != nil {
		return err
	}
	plan, err := launch.Plan(ctx, s.Store, g, numerics)
	if err != nil {
		return err
	}
	if o.speed > 0 {
		estimate.OnDevice(plan, g, o.speed)
	} else if !plan.Complete() {
		if h := estimate.ReadHere(ctx, s.Store, numerics, a.Log); h != nil {
			h.Fill(ctx, plan, g)
		}
	}
	if keep != "" {
		if err := launch.SavePlan(keep, "lossatlas "+a.BuildVersion(), sweep, g, numerics, plan); err != nil {
			return err
		}
		a.Say("saved as %s; `lossatlas run %s` runs this plan", o.out, o.out)
	}
	if err := printPlan(a, plan); err != nil {
		return err
	}
	if o.detailed && !plan.Complete() {
		return exit.Silently(exit.Changes)
	}
	return nil
}

func printPlan(a *app.App, plan *pipelines.Plan) error {
	switch a.Settings.Output {
	case "json":
		return a.PrintJSON(plan)
	case "jsonl":
		return app.PrintList(a, plan.Steps, nil)
	}
	counts := fmt.Sprintf("%s: %s, %d cached, %d to run, %d blocked until their inputs are known", plan.Sweep, app.Count(len(plan.Steps), "step"),
		plan.Count(pipelines.StateCached), plan.Count(pipelines.StateRun), plan.Count(pipelines.StateBlocked))
	for line := range strings.Lines(counts + "\n" + planTime(plan)) {
		fmt.Fprint(a.Out, table.Paragraph(a.Out, "", "", strings.TrimSuffix(line, "\n")))
	}
	fmt.Fprintln(a.Out)
	if err := planSummary(plan).Text(a.Out); err != nil {
		return err
	}
	fmt.Fprintln(a.Out)
	return stepsOf(plan).Text(a.Out)
}

// planTime says how long a plan takes, by what it is estimated, and which steps are not in that time; "" where nothing is known.
func planTime(plan *pipelines.Plan) string {
	if plan.EstimateTFLOPS > 0 {
		return fmt.Sprintf("about %s of work at %g TFLOP/s (%.4g TFLOP), without compiling the programs of the networks", seconds(plan.EstimateS), plan.EstimateTFLOPS, plan.EstimateS*plan.EstimateTFLOPS)
	}
	var kinds []string
	for _, k := range kindsOf(plan) {
		if k.unknown > 0 {
			kinds = append(kinds, fmt.Sprintf("%d %s", k.unknown, k.kind))
		}
	}
	without := ""
	if len(kinds) > 0 {
		noun := "steps"
		if plan.Unknown == 1 {
			noun = "step"
		}
		without = fmt.Sprintf("%s %s: estimates come from steps of the same kind, on a network of similar size, that took %d s or had a quarter of the work; no such step ran here", app.Join(kinds), noun, estimate.MinSeconds)
	}
	bound := "about"
	switch {
	case plan.EstimateFrom > 0 && without != "":
		bound, without = "at least", "\nnot counted: "+without
	case plan.EstimateFrom == 0 && without != "":
		return "no estimate of the time of " + without
	case plan.EstimateFrom == 0:
		return ""
	}
	return fmt.Sprintf("%s %s of work on a machine without other load, estimated from %s, with their times for compiling%s", bound, seconds(plan.EstimateS), app.Count(plan.EstimateFrom, "earlier step"), without)
}

// stepsOf lists the steps below the names of their experiments. Their kinds are in the summary.
func stepsOf(plan *pipelines.Plan) *table.Table {
	t := &table.Table{Header: []string{"STATE", "STEP", "KEY", "TIME", "REASON"}, Right: map[int]bool{3: true}, Groups: map[int]string{}}
	group := ""
	for _, s := range plan.Steps {
		if s.Experiment != group {
			group = s.Experiment
			t.Groups[len(t.Rows)] = cmp.Or(group, "all experiments")
		}
		id, reason, key, took := s.ID, s.Reason, "-", "-"
		if group != "" { // the heading names it
			id, reason = strings.TrimPrefix(id, group+"/"), strings.ReplaceAll(reason, group+"/", "")
		}
		if s.State != pipelines.StateBlocked {
			key = s.Key.Short()
		}
		switch {
		case s.Unknown:
			took = "?"
		case s.EstimateFrom > 0:
			took = "~" + seconds(s.EstimateS)
		}
		t.Add(string(s.State), id, key, took, reason)
	}
	return t
}

// planned counts the steps of a kind by their states, and how many of them have no estimate.
type planned struct {
	kind    pipelines.Kind
	states  map[pipelines.State]int
	steps   int
	seconds float64
	unknown int
}

// kindsOf counts the steps of each kind, in the order of the plan.
func kindsOf(plan *pipelines.Plan) []*planned {
	var out []*planned
	of := map[pipelines.Kind]*planned{}
	for _, s := range plan.Steps {
		k := of[s.Kind]
		if k == nil {
			k = &planned{kind: s.Kind, states: map[pipelines.State]int{}}
			of[s.Kind], out = k, append(out, k)
		}
		k.states[s.State]++
		k.steps++
		k.seconds += s.EstimateS
		if s.Unknown {
			k.unknown++
		}
	}
	return out
}

// planSummary is the table of kinds, with their total where there are several. "?" stands for the time of steps without an estimate.
func planSummary(plan *pipelines.Plan) *table.Table {
	t := &table.Table{Header: []string{"KIND", "STEPS", "CACHED", "TO RUN", "BLOCKED", "TIME"}, Right: map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true}}
	all := &planned{kind: "total", states: map[pipelines.State]int{}}
	add := func(k *planned) {
		took := "-"
		switch {
		case k.seconds > 0 && k.unknown > 0:
			took = "~" + seconds(k.seconds) + " + ?"
		case k.seconds > 0:
			took = "~" + seconds(k.seconds)
		case k.unknown > 0:
			took = "?"
		}
		t.Add(k.kind, k.steps, k.states[pipelines.StateCached], k.states[pipelines.StateRun], k.states[pipelines.StateBlocked], took)
	}
	kinds := kindsOf(plan)
	for _, k := range kinds {
		add(k)
		for state, n := range k.states {
			all.states[state] += n
		}
		all.steps, all.seconds, all.unknown = all.steps+k.steps, all.seconds+k.seconds, all.unknown+k.unknown
	}
	if len(kinds) > 1 {
		add(all)
	}
	return t
}

// seconds writes a time for people.
func seconds(s float64) string { return progress.Duration(time.Duration(s * float64(time.Second))) }
