package run

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/table"
)

// recomputed is what `run --no-cache-read` ends with.
type recomputed struct {
	Sweep    string       `json:"sweep"`
	Compared int          `json:"compared"` // outputs
	Same     int          `json:"same"`
	New      int          `json:"new"`    // outputs that the store has not
	Failed   []string     `json:"failed"` // steps that have no result this time
	Differ   []difference `json:"differ"`
}

// difference is one output that came out otherwise than before.
type difference struct {
	Step   string           `json:"step"`
	Output string           `json:"output"`
	Stored artifacts.Digest `json:"stored"`
	Again  artifacts.Digest `json:"again"`
	// Inherited says that an input of the step differed already.
	Inherited bool `json:"inherited"`
}

// recompute does all of a sweep again in a store of its own, which is removed
// afterwards, and compares the outputs with the stored ones.
func (r *run) recompute(ctx context.Context) error {
	return r.inScratch(ctx, scratchRun{flag: "--no-cache-read", suffix: launch.AgainSuffix,
		begin: func(*pipelines.Plan) {
			r.Say("%s: computing all of %s again, without the cache", r.graph.Sweep, app.Count(len(r.graph.All()), "step"))
		},
		end: func(stored *pipelines.Plan, root artifacts.Root) error {
			return r.printRecomputed(compareRuns(r.graph.Sweep, stored, root))
		},
	})
}

// compareRuns compares the results of a second run of a sweep with the stored ones.
func compareRuns(sweep string, stored *pipelines.Plan, again artifacts.Root) recomputed {
	out := recomputed{Sweep: sweep, Failed: []string{}, Differ: []difference{}}
	for _, p := range stored.Steps {
		now := again.Steps[p.ID]
		if len(now.Outputs) == 0 && !p.Never {
			out.Failed = append(out.Failed, p.ID)
		}
		for _, name := range slices.Sorted(maps.Keys(now.Outputs)) {
			before, ok := p.Outputs[name]
			switch {
			case !ok:
				out.New++
				continue
			case before == now.Outputs[name]:
				out.Same++
			default:
				out.Differ = append(out.Differ, difference{p.ID, name, before.Digest, now.Outputs[name].Digest, p.Key != now.Key})
			}
			out.Compared++
		}
	}
	return out
}

func (r *run) printRecomputed(out recomputed) error {
	if r.Settings.Output != "text" {
		if err := r.PrintJSON(out); err != nil {
			return err
		}
	} else {
		t := table.Table{Header: []string{"OUTPUT", "STORED", "AGAIN", ""}}
		for _, d := range out.Differ {
			note := ""
			if d.Inherited {
				note = "as its inputs differ"
			}
			t.Add(d.Step+"/"+d.Output, app.ShortDigest(d.Stored.String()), app.ShortDigest(d.Again.String()), note)
		}
		if len(out.Differ) > 0 {
			if err := t.Text(r.Out); err != nil {
				return err
			}
			fmt.Fprintln(r.Out)
		}
		for _, id := range out.Failed {
			fmt.Fprintf(r.Out, "no result this time: %s\n", id)
		}
		if _, err := fmt.Fprintf(r.Out, "%s: %d of %s the same to the last bit", out.Sweep, out.Same, app.Count(out.Compared, "stored output")); err != nil {
			return err
		}
		if out.New > 0 {
			fmt.Fprintf(r.Out, "; %d were not stored and are not kept", out.New)
		}
		fmt.Fprintln(r.Out)
	}
	if len(out.Differ)+len(out.Failed) > 0 {
		return exit.Silently(exit.Failed)
	}
	return nil
}
