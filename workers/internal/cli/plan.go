package cli

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/estimate"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
)

// planOptions are the flags of `plan`.
type planOptions struct {
	preset   string
	out      string
	detailed bool
	speed    float64 // TFLOP/s
}

func (a *app) planCommand() *cobra.Command {
	var o planOptions
	cmd := command("plan SWEEP.yaml", "Show every step with its key: cached, to run and why, or blocked until its inputs are known", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return a.plan(cmd.Context(), args[0], o) })
	cmd.Long = cmd.Short + `.

Of a step to run it says what changed since the sweep's last recorded run: a parameter, an input, the code's
version, the numerics class; and how long it will take, where steps of its kind ran before in this store. With --speed it is how
long it would take on a device of that speed, such as a GPU that is still to be rented.

With --out the plan is kept in a file, sweep file included, and ` + "`lossatlas run FILE`" + ` does just that: it refuses when
the data, imported files, numerics class or program are not those of the plan, or results that it counted on are gone.`
	cmd.Flags().StringVar(&o.preset, "preset", "", "`name` of a preset in the file")
	cmd.Flags().StringVarP(&o.out, "out", "o", "", "keep the plan in a `file`, for `lossatlas run`")
	cmd.Flags().Float64Var(&o.speed, "speed", 0, "estimate times for a device that does so many `TFLOP/s` of such networks, whatever ran here")
	cmd.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "end with 2 when there are steps to run, 0 when there are none, 1 after an error")
	return cmd
}

func (a *app) plan(ctx context.Context, file string, o planOptions) (err error) {
	if o.detailed {
		// 2 means "steps to run" here, so that a mistake must have another code.
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
	if o.out != "" {
		if keep, err = launch.PlanPath(o.out); err != nil {
			return err
		}
	}
	if err := a.begin(zerolog.WarnLevel, false); err != nil {
		return err
	}
	defer a.printer.Close()
	g, err := launch.Expand(ctx, sweep, a.dataOptions(), a.fetching())
	if err != nil {
		return err
	}
	for _, note := range sweep.Notes {
		a.say("%s", note)
	}
	own, err := a.machineClass()
	if err != nil {
		return err
	}
	s, err := a.services(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	numerics, err := a.classOf(ctx, s, sweep, own, "")
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
		if h := a.timings(ctx, s.Store, numerics); h != nil {
			h.Fill(ctx, plan, g)
		}
	}
	if keep != "" {
		if err := launch.SavePlan(keep, "lossatlas "+a.version(), sweep, g, numerics, plan); err != nil {
			return err
		}
		a.say("kept as %s: `lossatlas run %s` does just that", o.out, o.out)
	}
	if err := a.printPlan(plan); err != nil {
		return err
	}
	if o.detailed && !plan.Complete() {
		return exit.Silently(exit.Changes)
	}
	return nil
}

// timings is how long steps took in earlier runs; nil where that can't be read,
// which nothing depends on.
func (a *app) timings(ctx context.Context, store *artifacts.Store, numerics string) *estimate.History {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown" // as in the record of a step
	}
	h, err := estimate.Read(ctx, store, estimate.Machine{Numerics: numerics, Host: host})
	if err != nil {
		a.log.Debug().Err(err).Msg("how long earlier steps took can't be read")
		return nil
	}
	return h
}

// prior is how long the steps of a graph are expected to take, by their IDs, after earlier runs.
func (a *app) prior(ctx context.Context, store *artifacts.Store, g *pipelines.Graph, numerics string) map[string]time.Duration {
	if h := a.timings(ctx, store, numerics); h != nil {
		return h.Prior(ctx, g)
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
	t := table{header: []string{"STATE", "STEP", "KIND", "KEY", "TIME", "REASON"}}
	for _, s := range plan.Steps {
		key, took := "-", "-"
		if s.State != pipelines.StateBlocked {
			key = s.Key.Short()
		}
		if s.EstimateFrom > 0 {
			took = "~" + seconds(s.EstimateS)
		}
		t.add(string(s.State), s.ID, string(s.Kind), key, took, s.Reason)
	}
	if err := t.text(a.Out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.Out, "\n%s: %s, %d cached, %d to run, %d blocked until their inputs are known\n", plan.Sweep, count(len(plan.Steps), "step"),
		plan.Count(pipelines.StateCached), plan.Count(pipelines.StateRun), plan.Count(pipelines.StateBlocked))
	if err == nil && plan.EstimateTFLOPS > 0 {
		_, err = fmt.Fprintf(a.Out, "about %s of work at %g TFLOP/s (%.4g TFLOP)\n", seconds(plan.EstimateS), plan.EstimateTFLOPS, plan.EstimateS*plan.EstimateTFLOPS)
	}
	if err != nil || plan.EstimateFrom == 0 {
		return err
	}
	without := ""
	if plan.Unknown > 0 {
		without = fmt.Sprintf("; %s of kinds that never ran here not counted", count(plan.Unknown, "step"))
	}
	_, err = fmt.Fprintf(a.Out, "about %s of work, going by %s%s\n", seconds(plan.EstimateS), count(plan.EstimateFrom, "earlier step"), without)
	return err
}

// seconds writes a time for people.
func seconds(s float64) string { return progress.Duration(time.Duration(s * float64(time.Second))) }
