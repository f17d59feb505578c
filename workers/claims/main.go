// Claims checks what Li et al. (2018) say of loss landscapes against sweeps that were run, and writes what it finds as a page.
//
//	claims EXPORTS FOLDER
//
// EXPORTS holds one folder for each sweep file of a figure, as `lossatlas export sweep fig5 EXPORTS/fig5` writes it. FOLDER gets
// README.md with a verdict on each claim, the tables as CSV, the digests of everything, and the figures. All of it follows from the
// exported results, so that the same results give the same files. The criterion of each verdict is written next to it. Criteria
// were fixed before the sweeps were run, except where they say what was added later.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/export"
)

// sweepNames are the sweeps that the page is made from, in the order in which they are run and their costs are counted.
var sweepNames = []string{"fig3", "fig2", "fig5", "fig9", "normalization", "sharpness", "fig7", "fig1", "fig4", "fig6", "fig13"}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: claims EXPORTS FOLDER (`go doc lossatlas/workers/claims` says what they are)")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "claims:", err)
		os.Exit(1)
	}
}

// run judges the exported sweeps and writes the page.
func run(exports, folder string) error {
	sweeps := map[string]*sweep{}
	for _, name := range sweepNames {
		o, err := export.Open(filepath.Join(exports, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		sweeps[name] = &sweep{Opened: o}
	}
	if len(sweeps) == 0 {
		return fmt.Errorf("%s has none of the sweeps %v: run them, and export them as `lossatlas export sweep fig5 %s/fig5`", exports, sweepNames, exports)
	}
	all := make([]judged, len(claims))
	for i, c := range claims {
		all[i] = judged{c, c.find(sweeps)}
	}
	var inOrder []*sweep
	for _, name := range sweepNames {
		if s := sweeps[name]; s != nil {
			if s.err != nil {
				return fmt.Errorf("sweep %s: %w", name, s.err)
			}
			inOrder = append(inOrder, s)
		}
	}
	out, err := files(inOrder, all)
	if err != nil {
		return err
	}
	return write(folder, out)
}

// find judges a claim; one whose sweeps were not run is not judged.
func (c claim) find(sweeps map[string]*sweep) finding {
	for _, name := range c.sweeps {
		if sweeps[name] == nil {
			return missing(name)
		}
	}
	return c.judge(sweeps)
}

// sweep is an exported sweep. A result that it does not have is nil; the first error of reading one is kept.
type sweep struct {
	*export.Opened
	err error
}

// step is the step at an address, nil if the sweep has no such step.
func (s *sweep) step(at pipelines.Address) *export.Step {
	if i := slices.IndexFunc(s.Steps, func(st export.Step) bool { return st.At == at }); i >= 0 {
		return &s.Steps[i]
	}
	return nil
}

// get reads the result of the step at an address.
func get[T any](s *sweep, at pipelines.Address, read func(*results.Sweep, context.Context, string) (*T, error)) *T {
	st := s.step(at)
	if st == nil {
		return nil
	}
	v, err := read(&s.Results, context.Background(), st.ID)
	s.err = cmp.Or(s.err, err)
	return v
}

// training is the address of an experiment's training.
func training(experiment string) pipelines.Address {
	return pipelines.Address{Experiment: experiment, Role: pipelines.RoleWeights}
}

// grid is the training loss of a map.
func (s *sweep) grid(experiment, of string) *surface.Grid {
	return get(s, pipelines.Address{Experiment: experiment, Map: of, Split: "train", Role: pipelines.RoleMap}, (*results.Sweep).Grid)
}

// param is a parameter of an experiment as a number; NaN where it has no such number.
func param(e results.Experiment, name string) float64 {
	if v, ok := e.Params[name].(float64); ok {
		return v
	}
	return math.NaN()
}

const (
	batchSize   = "train.batch_size"
	weightDecay = "train.optimizer.weight_decay"
	network     = "train.net"
)

// byDecay are the experiments without and with weight decay, from the smallest to the largest batch; nil where these are not
// two and two.
func (s *sweep) byDecay() [][]results.Experiment {
	out := make([][]results.Experiment, 2)
	for _, e := range s.Experiments {
		i := 1
		if param(e, weightDecay) == 0 {
			i = 0
		}
		out[i] = append(out[i], e)
	}
	for _, list := range out {
		if len(list) != 2 {
			return nil
		}
		slices.SortStableFunc(list, func(a, b results.Experiment) int { return cmp.Compare(param(a, batchSize), param(b, batchSize)) })
	}
	return out
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
