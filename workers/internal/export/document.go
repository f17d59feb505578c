package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Format names the form of a Document; a change that breaks readers of it raises the number.
const Format = "lossatlas-sweep/1"

// NewerError says that a folder was exported by a newer version of the program: it is neither read nor written to.
type NewerError struct{ Dir, Format, Program string }

// Error says what to do.
func (e *NewerError) Error() string {
	return fmt.Sprintf("%s was exported by %s in the format %s, and this program knows %s: update lossatlas, or name another folder", e.Dir, cmp.Or(e.Program, "a newer lossatlas"), e.Format, Format)
}

// refuseNewer fails with *NewerError for a document of a later format.
func refuseNewer(dir, format, program string) error {
	stem := strings.TrimRight(Format, "0123456789")
	found, err := strconv.Atoi(strings.TrimPrefix(format, stem))
	if ours, _ := strconv.Atoi(strings.TrimPrefix(Format, stem)); err == nil && found > ours {
		return &NewerError{Dir: dir, Format: format, Program: program}
	}
	return nil
}

// Document is sweep.json: the description of a sweep, and the files of its folder.
type Document struct {
	Format string `json:"format"`
	// Complete is false while an export is under way, and after one that was killed.
	Complete bool      `json:"complete"`
	Program  string    `json:"program"`
	Sweep    string    `json:"sweep"`
	Title    string    `json:"title,omitempty"`
	State    string    `json:"state"`
	RunID    string    `json:"run_id,omitempty"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	// SweepFile is the sweep file; null if unknown.
	SweepFile   *artifacts.RootFile  `json:"sweep_file"`
	Experiments []results.Experiment `json:"experiments"`
	// Means are those over the repetitions of experiments, where the sweep repeats them.
	Means       []results.Group      `json:"means,omitempty"`
	Comparisons []results.Comparison `json:"comparisons"`
	Steps       []Step               `json:"steps"`
	Files       []File               `json:"files"`
	// Without names the omitted kinds of large files.
	Without []string `json:"without,omitempty"`
	// Removed are the files of an earlier export that this one deleted.
	Removed []string `json:"-"`
}

// Step is one step with its recipe and inputs.
type Step struct {
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Experiment string `json:"experiment,omitempty"`
	// At is where the step stands in the sweep.
	At    pipelines.Address `json:"at"`
	State string            `json:"state"`
	Error string            `json:"error,omitempty"`
	// Key is the SHA-256 of the recipe: parameters, the digests of the inputs, code version, numerics.
	Key     string                    `json:"key,omitempty"`
	Recipe  *artifacts.Recipe         `json:"recipe,omitempty"`
	Made    *artifacts.Provenance     `json:"made,omitempty"`
	Inputs  map[string]pipelines.Ref  `json:"inputs,omitempty"` // where they come from, in this sweep
	Outputs map[string]artifacts.Blob `json:"outputs,omitempty"`
}

// File is one file of the folder.
type File struct {
	Path   string           `json:"path"` // below the folder, with slashes
	Step   string           `json:"step"`
	Output string           `json:"output"`
	Bytes  int64            `json:"bytes"`
	Digest artifacts.Digest `json:"digest"`
	// From is the digest of the stored output that it was written from; equal to Digest if it is written unchanged.
	From artifacts.Digest `json:"from"`
}

// Sweep is a recorded sweep in its present state.
type Sweep struct {
	results.Sweep
	Root    artifacts.Root
	State   string
	Program string
	// Without are the kinds of large files to leave out, of Large.
	Without []string
}

// Describe is the document of a sweep, without files.
func Describe(ctx context.Context, s Sweep) (*Document, error) {
	d := &Document{
		Format: Format, Program: s.Program, Sweep: s.Root.Sweep, Title: s.Graph.Title, State: s.State,
		RunID: s.Root.RunID, Started: s.Root.Started, Finished: s.Root.Finished, SweepFile: s.Root.File, Files: []File{}, Without: s.Without,
	}
	var err error
	if d.Experiments, err = s.Experiments(ctx); err != nil {
		return nil, err
	}
	if d.Comparisons, err = s.Comparisons(ctx); err != nil {
		return nil, err
	}
	d.Means = results.Means(d.Experiments)
	known := map[string]bool{}
	for _, p := range s.Graph.All() {
		known[p.Step.ID] = true
		if err := d.addStep(ctx, s.Store, p, s.Steps[p.Step.ID]); err != nil {
			return nil, err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.Steps)) { // imported weights have no graph
		if known[id] {
			continue
		}
		if err := d.addStep(ctx, s.Store, pipelines.Placed{Step: pipelines.Step{ID: id, Kind: pipelines.Kind(s.Steps[id].Kind)}}, s.Steps[id]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *Document) addStep(ctx context.Context, store results.Store, p pipelines.Placed, st artifacts.RootStep) error {
	out := Step{
		ID: p.Step.ID, Kind: string(p.Step.Kind), Experiment: p.Experiment, At: p.Step.At, State: st.State, Error: st.Error,
		Inputs: p.Step.Inputs, Outputs: st.Outputs,
	}
	if out.State == "" {
		out.State = artifacts.StateWaiting
	}
	if st.Key != (artifacts.Key{}) {
		out.Key = st.Key.String()
	}
	if len(st.Outputs) > 0 && out.Key != "" {
		action, err := store.Lookup(ctx, st.Key)
		var incomplete *artifacts.IncompleteError
		switch {
		case err == nil:
			out.Recipe, out.Made = &action.Recipe, &action.Made
		case errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &incomplete):
			return fmt.Errorf("%s is no longer in the store as the sweep recorded it (%w): run the sweep again, and then this", out.ID, err)
		default:
			return err
		}
	}
	d.Steps = append(d.Steps, out)
	return nil
}

// Unfinished lists the steps that have no result.
func (d *Document) Unfinished() []Step {
	var out []Step
	for _, s := range d.Steps {
		if len(s.Outputs) == 0 {
			out = append(out, s)
		}
	}
	return out
}
