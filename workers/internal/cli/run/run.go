package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"lossatlas/pipelines/sweepfile"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/serve"
	"lossatlas/workers/internal/estimate"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/pages"
	"lossatlas/workers/internal/session"
)

func runCommand(a *app.App) *cobra.Command {
	r := &run{App: a}
	cmd := app.Command("run SWEEP.yaml|PLAN", "Run a sweep file or a saved plan: train, map, draw; interrupt it and run it again to continue", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error {
			if err := r.check(cmd.Flags().Changed); err != nil {
				return err
			}
			return r.do(cmd.Context(), args[0])
		})
	cmd.Long = cmd.Short + `.

--concurrency N keeps machines free for others: at most N steps of this sweep compute at a time (trainings, maps, spectra;
pictures don't count). At most N experiments run side by side, and at most 16, or W with --window W. They share the N steps
equally, rounded down. A map whose chunks several workers evaluate is one step. --priority orders the tasks of
sweeps that wait for the same workers; sweeps of equal priority share them (on a Temporal server
elsewhere, where that has matching.enableFairness on). Neither changes a result or its key. A step that two sweeps share
has the priority of the first of them, and counts in both.

The first experiment goes through to its lines and surfaces, one level of --priority more urgent than the rest of the sweep,
so that the first pictures come early (a sweep with --priority 1 keeps level 1); its Hessian maps and spectra wait like
others. A single worker of the embedded services begins the other experiments after that; with several workers, no worker waits.
--order breadth, or the line order: breadth in the file, treats all experiments alike.

--no-cache-write is for trials, and for a disk that is nearly full: stored results are used, missing ones are computed in
a temporary store, and only the report is kept, as a file. --no-cache-read computes everything again in such a store
and compares.`
	cmd.Flags().StringVar(&r.preset, "preset", "", "`name` of a preset in the file: the same sweep at another size")
	cmd.Flags().BoolVar(&r.detach, "detach", false, "start it and return; needs \"lossatlas up\" or servers elsewhere to work on it")
	cmd.Flags().BoolVar(&r.failFast, "fail-fast", false, "stop at the first failure (default: finish all other steps)")
	cmd.Flags().IntVar(&r.concurrency, "concurrency", 0, "at most `N` steps of this sweep compute at a time (default: as many as there are workers for)")
	cmd.Flags().IntVar(&r.window, "window", 0, "at most `N` experiments side by side (default: 16, or twice as many as there are workers)")
	cmd.Flags().IntVar(&r.priority, "priority", activities.DefaultPriority, "`number` from 1, the most urgent, to 5")
	cmd.Flags().StringVar(&r.order, "order", "", "`order` of work: depth (the first experiment's lines and surfaces come before the other trainings) or breadth (all experiments alike); default: that of the file")
	cmd.Flags().BoolVar(&r.noCacheWrite, "no-cache-write", false, "keep no results for later runs, only the report")
	cmd.Flags().BoolVar(&r.noCacheRead, "no-cache-read", false, "compute everything again without the cache, and list outputs that differ from the stored ones, which stay")
	return cmd
}

// run is one call of `lossatlas run`.
type run struct {
	*app.App
	preset           string
	detach, failFast bool
	concurrency      int
	window           int
	priority         int
	order            string
	noCacheRead      bool
	noCacheWrite     bool

	engine   engine.Options
	numerics string
	sweep    *sweepfile.Sweep
	kept     *launch.PlanFile // the saved plan, nil for a sweep file
	graph    *pipelines.Graph
	blob     artifacts.Blob // the graph, stored
	services *session.Session
	client   client.Client // nil until serve has started the services
	second   *serve.Second // may be nil
	// following prints what is new each time that a growing sweep is computed; nil for a run of its own.
	following *growth
	told      map[string]bool // as of follower
}

func (r *run) do(ctx context.Context, file string) (err error) {
	r.Settle()
	if err := r.read(file); err != nil {
		return err
	}
	if err := r.Begin(zerolog.WarnLevel, true); err != nil {
		return err
	}
	defer r.Printer.Close()
	r.engine, _ = r.EngineOptions()
	class := make(chan error, 1)
	go func() { // reading a plugin of 200 MB for its digest takes a moment
		var err error
		r.numerics, err = engine.Class(r.engine)
		class <- err
	}()
	if r.graph, err = launch.Expand(ctx, r.sweep, r.DataOptions(), fetching(r.App)); err != nil {
		return errors.Join(err, <-class)
	}
	for _, note := range r.sweep.Notes {
		r.Say("%s", note)
	}
	if err := <-class; err != nil {
		return err
	}
	if r.services, err = serve.Open(ctx, r.App); err != nil {
		return err
	}
	defer r.Finish(r.services, &err)
	defer func() { err = setAside(ctx, r.services.Store, err) }()
	before := ""
	if r.kept != nil {
		before = r.kept.Numerics
	}
	if r.numerics, err = classOf(ctx, r.services, r.sweep, r.numerics, before); err != nil {
		return err
	}
	if r.kept != nil {
		if err := r.kept.CheckGraph(r.sweep, r.graph, r.numerics); err != nil {
			return err
		}
	}
	switch {
	case r.noCacheRead:
		return r.recompute(ctx)
	case r.noCacheWrite:
		return r.trial(ctx)
	}
	return r.compute(ctx)
}

// compute plans the steps of the graph, runs those without results, and prints the results.
func (r *run) compute(ctx context.Context) error {
	since, err := r.services.Store.Moment(ctx)
	if err != nil {
		return err
	}
	var newer *artifacts.NewerError
	last, err := r.services.Store.Root(ctx, r.graph.Sweep)
	if errors.As(err, &newer) { // before anything is written
		return err
	}
	if err := r.store(ctx); err != nil {
		return err
	}
	plan, err := pipelines.MakePlan(ctx, r.graph, r.numerics, r.services.Store)
	if err != nil {
		return err
	}
	if r.kept != nil {
		if err := r.kept.CheckPlan(plan); err != nil {
			return err
		}
	}
	r.warnGivenUp(last, plan)
	r.Log.Info().Str("sweep", r.graph.Sweep).Str("numerics", r.numerics).Int("steps", len(plan.Steps)).
		Int("cached", plan.Count(pipelines.StateCached)).Msg("planned")
	if plan.Complete() {
		return r.nothing(ctx, plan, since)
	}
	return r.work(ctx, plan)
}

// check refuses flags out of range, and flags that don't go together.
func (r *run) check(given func(string) bool) error {
	switch {
	case given("concurrency") && r.concurrency < 1:
		return exit.Usagef("--concurrency %d: want at least 1 step", r.concurrency)
	case given("window") && r.window < 1:
		return exit.Usagef("--window %d: want at least 1 experiment", r.window)
	case r.priority < activities.MostUrgent || r.priority > activities.LeastUrgent:
		return exit.Usagef("--priority %d: want a number from %d, the most urgent, to %d", r.priority, activities.MostUrgent, activities.LeastUrgent)
	case given("order") && r.order != sweepfile.OrderDepth && r.order != sweepfile.OrderBreadth:
		return exit.Usagef("--order %s: want %s or %s", r.order, sweepfile.OrderDepth, sweepfile.OrderBreadth)
	case r.noCacheRead && r.noCacheWrite:
		return exit.Usagef("--no-cache-read leaves nothing behind in any case: leave --no-cache-write out")
	}
	return nil
}

// sideBySide is how many experiments run at a time: more where many workers are.
func (r *run) sideBySide(ctx context.Context, c client.Client) (int, error) {
	if r.window > 0 || r.services.Role() != session.External {
		return r.window, nil
	}
	served, err := activities.Served(ctx, c, r.services.Namespace())
	return activities.Window(activities.Workers(served, r.computing())), err
}

// computing is the task queue that the sweep's computing goes to.
func (r *run) computing() string {
	if r.sweep.AnyNumerics {
		return activities.QueueCPU
	}
	return activities.ClassQueue(r.numerics)
}

// read reads a sweep file, or a saved plan, which contains its sweep file.
func (r *run) read(file string) (err error) {
	if r.kept, err = launch.ReadPlan(file); err != nil {
		return err
	}
	switch {
	case r.kept == nil:
		r.sweep, err = launch.Read(file, r.preset)
	case r.preset != "":
		err = exit.Usagef("%s is a plan, made with its preset: leave --preset out, or name the sweep file", file)
	case r.noCacheRead || r.noCacheWrite:
		err = exit.Usagef("%s is a plan: --no-cache-read and --no-cache-write need the sweep file", file)
	default:
		r.sweep, err = r.kept.Sweep()
	}
	return err
}

// input is the input of a sweep's workflow.
func (r *run) input(g *pipelines.Graph) activities.SweepInput {
	in := activities.SweepInput{Sweep: g.Sweep, Graph: r.blob.Digest, Numerics: r.numerics, FailFast: r.failFast, Concurrency: r.concurrency}
	for _, e := range g.Experiments {
		in.Experiments = append(in.Experiments, e.Name)
	}
	return in
}

// store stores the inputs of the sweep: imported weights and the graph.
func (r *run) store(ctx context.Context) error {
	if err := launch.StoreImports(ctx, r.services.Store, r.sweep); err != nil {
		return err
	}
	encoded, err := json.Marshal(r.graph)
	if err != nil {
		return err
	}
	r.blob, err = r.services.Store.Put(ctx, encoded)
	return err
}

// nothing records a run of which all steps are cached, without a workflow.
func (r *run) nothing(ctx context.Context, plan *pipelines.Plan, since artifacts.Moment) error {
	root, err := launch.RecordCached(ctx, r.services.Store, plan, r.blob, launch.File(r.sweep), since)
	if err != nil {
		return err
	}
	if r.following == nil {
		r.Say("nothing to do: %s cached", app.Count(plan.Count(pipelines.StateCached), "step"))
	}
	return r.printEnd(ctx, root)
}

// work runs the sweep's workflow, on the embedded services or on servers elsewhere.
func (r *run) work(ctx context.Context, plan *pipelines.Plan) (err error) {
	owner := r.services.Role() == session.Owner
	if r.detach && owner {
		return exit.Usagef("--detach needs another process to work, and no process runs on this home: start `lossatlas up` first, or leave --detach out")
	}
	if r.client == nil {
		if owner {
			r.WarnSlow(r.engine)
			r.Say("%s: %s, %d cached; starting the services", r.graph.Sweep, app.Count(len(plan.Steps), "step"), plan.Count(pipelines.StateCached))
		}
		serving, stop, err := r.serve(ctx)
		if err != nil {
			return err
		}
		defer stop()
		ctx = serving
	}
	if mine, theirs := r.Settings.Data, r.services.Data(); r.services.Role() == session.Attached && mine != "" && mine != theirs {
		r.Say("process %d computes, which does not read data sets from %s: to change that, stop it and start it with --data %s (or LOSSATLAS_DATA)", r.services.PID(), mine, mine)
	}
	c := r.client
	in := r.input(r.graph)
	in.File = launch.File(r.sweep)
	if in.Window, err = r.sideBySide(ctx, c); err != nil {
		return err
	}
	prior := estimate.Prior(ctx, r.services.Store, r.graph, r.numerics, r.Log)
	if in.First = r.first(plan); in.First != "" {
		if in.Hold, err = r.alone(ctx, c); err != nil {
			return err
		}
	}
	started, err := launch.Start(ctx, c, r.services.Payloads().Data, in, r.priority, r.Say)
	if err != nil {
		return err
	}
	if started.Joined && (r.concurrency > 0 || r.priority != activities.DefaultPriority) {
		r.Say("it keeps the --concurrency and --priority that it was started with")
	}
	r.Log.Info().Str("workflow", started.ID).Str("run", started.RunID).Bool("joined", started.Joined).Msg("sweep started")
	if url := r.services.Pages(); url != "" && r.following == nil {
		r.Say("look at it while it runs: %s", r.services.Link(url+pages.Path(r.graph.Sweep)))
	}
	if url := r.services.RunURL(started.ID); url != "" && r.following == nil {
		r.Say("and at its workflows:     %s", url)
	}
	if r.detach {
		r.Say("started; `lossatlas watch %s` follows it", r.graph.Sweep)
		if r.Settings.Output == "text" {
			return nil
		}
		return r.PrintJSON(map[string]string{"sweep": r.graph.Sweep, "run_id": started.RunID, "workflow_id": started.ID})
	}
	f := &follower{App: r.App, services: r.services, client: c, graph: r.graph, started: started, prior: prior}
	root, err := f.follow(ctx)
	if err != nil {
		return err
	}
	r.told = f.told
	if err = r.printEnd(context.WithoutCancel(ctx), root); ctx.Err() != nil || r.following != nil {
		return err
	}
	return errors.Join(err, r.serveOthers(ctx))
}

// setAside moves a damaged blob that a run met out of the way of the next one.
func setAside(ctx context.Context, store *artifacts.Store, err error) error {
	var damaged *artifacts.DamagedError
	if !errors.As(err, &damaged) {
		return err
	}
	if moved, e := store.SetAside(ctx, damaged.Digest); e != nil || moved == "" {
		return err
	}
	return fmt.Errorf("a stored result is damaged (%s) and was set aside: run the sweep again to compute it again", damaged.Object)
}
