package run

import (
	"fmt"
	"strings"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
)

// warnGivenUp names the results of the sweep's last run that its record will no longer have, and how to keep such.
func (r *run) warnGivenUp(last artifacts.Root, plan *pipelines.Plan) {
	counts, total := givenUp(last, plan)
	if total == 0 {
		return
	}
	var parts []string
	for _, k := range pipelines.Kinds() {
		if counts[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[k], k))
		}
	}
	r.Say("the file has changed: %s of the last run (%s) are no longer part of this sweep; `%s artifacts gc` may delete them later. "+
		"Running the earlier file again reuses them until then; `%s artifacts pin %s NAME` before a change keeps them",
		app.Count(total, "result"), strings.Join(parts, ", "), r.Self(), r.Self(), r.graph.Sweep)
}

// givenUp counts, by kind, the computed results of a run whose keys a plan does not have. A step whose inputs are not known yet
// counts where others are given up: its inputs will be new ones.
func givenUp(last artifacts.Root, plan *pipelines.Plan) (counts map[pipelines.Kind]int, total int) {
	keys, open := map[artifacts.Key]bool{}, map[string]bool{}
	for _, s := range plan.Steps {
		if s.State == pipelines.StateBlocked {
			open[s.ID] = true
		} else {
			keys[s.Key] = true
		}
	}
	counts = map[pipelines.Kind]int{}
	waiting := []pipelines.Kind{}
	for id, s := range last.Steps {
		kind := pipelines.Kind(s.Kind)
		if len(s.Outputs) == 0 || !kind.Computes() || keys[s.Key] {
			continue
		}
		keys[s.Key] = true // count it once
		if open[id] {
			waiting = append(waiting, kind)
			continue
		}
		counts[kind]++
		total++
	}
	if total == 0 {
		return counts, 0
	}
	for _, kind := range waiting {
		counts[kind]++
	}
	return counts, total + len(waiting)
}
