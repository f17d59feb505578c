package cli

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"lossatlas/activities/engine"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
)

func (a *app) planCommand() *cobra.Command {
	var preset string
	var detailed bool
	cmd := command("plan SWEEP.yaml", "Show every step with its key: cached, to run and why, or blocked until its inputs are known", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return a.plan(cmd.Context(), args[0], preset, detailed) })
	cmd.Flags().StringVar(&preset, "preset", "", "`name` of a preset in the file")
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "end with 2 when there are steps to run, 0 when there are none, 1 after an error")
	return cmd
}

func (a *app) plan(ctx context.Context, file, preset string, detailed bool) (err error) {
	if detailed {
		// 2 means "steps to run" here, so that a mistake must have another code.
		defer func() {
			if err != nil && exit.Of(err) == exit.Usage && !exit.Told(err) {
				err = exit.With(exit.Failed, err)
			}
		}()
	}
	sweep, err := launch.Read(file, preset)
	if err != nil {
		return err
	}
	if err := a.begin(zerolog.WarnLevel, false); err != nil {
		return err
	}
	defer a.printer.Close()
	g, err := launch.Expand(ctx, sweep, a.dataOptions(), a.fetching())
	if err != nil {
		return err
	}
	e, _ := a.engineOptions()
	numerics, err := engine.Class(e)
	if err != nil {
		return err
	}
	s, err := a.services(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	plan, err := pipelines.MakePlan(ctx, g, numerics, s.Store)
	if err != nil {
		return err
	}
	if err := a.printPlan(plan); err != nil {
		return err
	}
	if detailed && !plan.Complete() {
		return exit.Silently(exit.Changes)
	}
	return nil
}

func (a *app) printPlan(plan *pipelines.Plan) error {
	switch a.set.Output {
	case "json":
		return a.printJSON(plan)
	case "jsonl":
		return printList(a, plan.Steps, nil)
	}
	t := table{header: []string{"STATE", "STEP", "KIND", "KEY", "REASON"}}
	for _, s := range plan.Steps {
		key := "-"
		if s.State != pipelines.StateBlocked {
			key = s.Key.Short()
		}
		t.add(string(s.State), s.ID, string(s.Kind), key, s.Reason)
	}
	if err := t.text(a.Out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.Out, "\n%s: %s, %d cached, %d to run, %d blocked until their inputs are known\n", plan.Sweep, count(len(plan.Steps), "step"),
		plan.Count(pipelines.StateCached), plan.Count(pipelines.StateRun), plan.Count(pipelines.StateBlocked))
	return err
}
