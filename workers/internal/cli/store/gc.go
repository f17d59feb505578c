package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/artifacts/canonical"
	"lossatlas/artifacts/maintain"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/session"
)

// collection is one call of `lossatlas artifacts gc`.
type collection struct {
	*app.App
	olderThan, maxSize   string
	dry, yes, quarantine bool
}

func gcCommand(a *app.App) *cobra.Command {
	g := &collection{App: a}
	cmd := app.Command("gc", "Delete unreferenced objects: results of earlier versions and of removed sweeps, left-over checkpoints", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return g.do(cmd.Context()) })
	cmd.Long = cmd.Short + `.

What listed sweeps need stays, with all its inputs, and so does what unfinished
sweeps can resume from. ` + "`artifacts rm`" + ` removes a sweep from the list, ` + "`artifacts pin`" + ` keeps its results
under another name when it is changed and run again. Others may work on the store meanwhile.`
	cmd.Flags().StringVar(&g.olderThan, "older-than", "24h", "minimum `age` of unreferenced objects to delete, such as 12h or 30d")
	cmd.Flags().StringVar(&g.maxSize, "max-size", "", "delete the oldest first, only until the store has this `size`, such as 20GiB")
	cmd.Flags().BoolVar(&g.quarantine, "quarantine", false, "free what artifacts verify set aside, too")
	cmd.Flags().BoolVar(&g.dry, "dry-run", false, "only say what would be freed; --output json lists each object")
	cmd.Flags().BoolVarP(&g.yes, "yes", "y", false, "don't ask")
	return cmd
}

// ageOf reads a duration, with days.
func ageOf(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		if !(n >= 0 && n < 1e5) {
			n = -1
		}
		d = time.Duration(n * 24 * float64(time.Hour))
	}
	if err != nil || d < 0 {
		return 0, exit.Usagef("--older-than: %q is no age; write 90m, 24h or 30d", text)
	}
	return d, nil
}

// sizeOf reads a number of bytes with a unit; "" is 0.
func sizeOf(text string) (int64, error) {
	number, factor := strings.TrimSuffix(text, "B"), 1.0
	for i, unit := range []string{"k", "M", "G", "T"} {
		for suffix, base := range map[string]float64{unit: 1000, unit + "i": 1024, strings.ToUpper(unit) + "i": 1024} {
			if n, ok := strings.CutSuffix(number, suffix); ok && factor == 1 {
				number, factor = n, math.Pow(base, float64(i+1))
			}
		}
	}
	if text == "" {
		return 0, nil
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(f > 0) || f*factor > math.MaxInt64/2 {
		return 0, exit.Usagef("--max-size: %q is no size; write 500MB, 20GiB or a number of bytes", text)
	}
	return max(1, int64(f*factor)), nil
}

func (g *collection) do(ctx context.Context) (err error) {
	age, err := ageOf(g.olderThan)
	if err != nil {
		return err
	}
	limit, err := sizeOf(g.maxSize)
	if err != nil {
		return err
	}
	s, err := g.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer g.Finish(s, &err)
	u, err := findUnfinished(ctx, g.App, s)
	if err != nil {
		return err
	}
	o := maintain.CollectOptions{OlderThan: age, MaxSize: limit, DryRun: true, Quarantine: g.quarantine, Keep: u.keep, KeepParts: u.keepParts}
	plan, err := maintain.Collect(ctx, s.Store, o)
	if err != nil {
		return err
	}
	if g.dry || len(plan.Freed) == 0 {
		return g.print(plan, "would free")
	}
	question := fmt.Sprintf("Free %s, %s?", app.Count(len(plan.Freed), "object"), app.Size(plan.Bytes))
	if err := g.Confirm(g.yes, question); err != nil {
		return err
	}
	say := sayProgress(g.App)
	o.DryRun, o.Progress = false, func(done, of int) { say("freed %d of %s", done, app.Count(of, "object")) }
	done, err := maintain.Collect(ctx, s.Store, o)
	if err != nil {
		return err
	}
	return g.print(done, "freed")
}

// print counts the objects that were freed, or would be, by kind, and those that their age keeps.
func (g *collection) print(c maintain.Collected, verb string) error {
	switch g.Settings.Output {
	case "json":
		return g.PrintJSON(c)
	case "jsonl":
		return app.PrintList(g.App, c.Freed, nil)
	}
	if len(c.Freed) == 0 {
		fmt.Fprintf(g.Out, "nothing to free: %s, %s, stay\n", app.Count(c.Objects, "object"), app.Size(c.Size))
	} else {
		fmt.Fprintf(g.Out, "%s %s, %s; %s, %s, stay\n", verb, app.Count(len(c.Freed), "object"), app.Size(c.Bytes), app.Count(c.Objects, "object"), app.Size(c.Size))
	}
	for _, k := range []struct{ kind, one, many string }{
		{"action", "result's record", "records of results"}, {"blob", "blob of a result", "blobs of results"},
		{"part", "checkpoint of a step", "checkpoints of steps"}, {"quarantined", "object set aside by artifacts verify", "objects set aside by artifacts verify"},
	} {
		n, size, what := 0, int64(0), k.many
		for _, f := range c.Freed {
			if f.Kind == k.kind {
				n, size = n+1, size+f.Size
			}
		}
		if n == 1 {
			what = k.one
		}
		if n > 0 {
			fmt.Fprintf(g.Out, "  %d %s, %s\n", n, what, app.Size(size))
		}
	}
	if c.Younger > 0 {
		fmt.Fprintf(g.Out, "unreferenced, but younger than %s: %s, %s; --older-than 0s frees them, too\n", g.olderThan, app.Count(c.Younger, "object"), app.Size(c.YoungerSize))
	}
	if g.dry && len(c.Freed) > 0 {
		fmt.Fprintln(g.Out, "--output json lists each object")
	}
	return nil
}

// unfinished is what sweeps can resume from that run, were interrupted or failed in part: their records don't list it yet.
type unfinished struct {
	ctx    context.Context
	store  *artifacts.Store
	graphs []*pipelines.Graph
	steps  map[string]bool // kind and parameters

	classes map[string]bool // of arithmetic
	once    sync.Once
	keys    map[artifacts.Key]bool
	failed  bool // then everything is kept
}

func findUnfinished(ctx context.Context, a *app.App, s *session.Session) (*unfinished, error) {
	u := &unfinished{ctx: ctx, store: s.Store, steps: map[string]bool{}, classes: map[string]bool{}, keys: map[artifacts.Key]bool{}}
	roots, err := sweeps.Records(ctx, s)
	var damaged *artifacts.RecordError
	if err != nil && !errors.As(err, &damaged) { // with damaged roots nothing is freed
		return nil, err
	}
	e, _ := a.EngineOptions()
	if class, err := engine.Class(e); err == nil {
		u.classes[class] = true
	}
	for _, r := range roots {
		if r.State == artifacts.StateDone {
			continue
		}
		g, err := results.Graph(ctx, s.Store, r)
		if err != nil {
			return nil, fmt.Errorf("nothing can be freed, because the needs of an unfinished sweep are not known: %w; run the sweep again, or remove it with `lossatlas artifacts rm`", err)
		}
		u.graphs = append(u.graphs, g)
		for _, p := range g.All() {
			u.steps[stepName(string(p.Step.Kind), p.Step.Params)] = true
		}
		if r.State == artifacts.StateRunning {
			u.keys[activities.RunKey(r.RunID)] = true
		}
		u.classes[r.Numerics] = true
	}
	return u, nil
}

// stepName identifies a step whose inputs are not known yet: by its kind and parameters.
func stepName(kind string, params []byte) string {
	spelled, err := canonical.JSON(params)
	if err != nil {
		return kind
	}
	return kind + " " + string(spelled)
}

// keep says whether an action may be a step of an unfinished sweep, whatever its
// inputs and arithmetic are.
func (u *unfinished) keep(act artifacts.Action) bool {
	u.classes[act.Recipe.Numerics] = true
	return u.steps[stepName(act.Recipe.Kind, act.Recipe.Params)]
}

// keepParts says whether an unfinished sweep would resume a step.
func (u *unfinished) keepParts(k artifacts.Key) bool {
	u.once.Do(func() { // when all classes are known
		for class := range u.classes {
			for _, g := range u.graphs {
				plan, err := pipelines.MakePlan(u.ctx, g, class, u.store)
				if err != nil {
					u.failed = true
					return
				}
				for _, p := range plan.Steps {
					u.keys[p.Key] = true
				}
			}
		}
	})
	return u.failed || u.keys[k]
}
