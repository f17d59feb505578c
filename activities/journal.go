package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// The journal of a sweep's run says what became of its steps. It lies in the store, as parts of the run, until
// RecordSweep makes the sweep's root of it:
//
//	found-GROUP         as an experiment begins: its steps that are in the action cache
//	step-GROUP-NUMBER   a step that is being made, and then how it ended; written by RunStep
//	steps-GROUP         as the experiment ends: how all of its steps ended, in place of the others
//
// The group of an experiment is its place in the graph; the last steps of a sweep follow all experiments.

// StepStatus is one step as seen by a sweep.
type StepStatus struct {
	ID    string         `json:"id"`
	Kind  pipelines.Kind `json:"kind"`
	State string         `json:"state"`
	Error string         `json:"error,omitempty"`
	Made  StepResult     `json:"made"`
	// Workflow and Queue are, of a running step, its workflow and the task queue on which it is computed.
	Workflow string `json:"workflow,omitempty"`
	Queue    string `json:"queue,omitempty"`
}

// over says whether nothing more becomes of the step.
func (s StepStatus) over() bool {
	return s.State != artifacts.StateWaiting && s.State != artifacts.StateRunning
}

const (
	foundEntry = "found-%05d"
	stepEntry  = "step-%05d-%05d"
	groupEntry = "steps-%05d"
)

// RunKey is the key under which the journal of a sweep's run is kept while it lasts.
func RunKey(run string) artifacts.Key { return artifacts.Key(artifacts.Of([]byte("sweep run " + run))) }

// note writes an entry of the journal.
func (a *Activities) note(ctx context.Context, run, entry string, statuses []StepStatus) error {
	b, err := json.Marshal(statuses)
	if err != nil {
		return err
	}
	return a.Machine.Store.PutPart(ctx, RunKey(run), entry, b)
}

// Journal reads what became of the steps of a run, and remembers what does not change any more.
type Journal struct {
	store *artifacts.Store
	run   string
	read  map[string]bool // entries that are final
	// Steps are the steps with an entry, by their IDs.
	Steps map[string]StepStatus
	begun map[int]bool // groups
}

// OpenJournal returns the journal of a run, of which nothing is read yet.
func OpenJournal(store *artifacts.Store, run string) *Journal {
	return &Journal{store: store, run: run, read: map[string]bool{}, Steps: map[string]StepStatus{}, begun: map[int]bool{}}
}

// Begun says whether the steps of a group have been looked at.
func (j *Journal) Begun(group int) bool { return j.begun[group] }

// journalReaders is how many entries are read at a time.
const journalReaders = 16

// Update reads the new entries. It fails with [artifacts.ErrNotFound] where an entry is removed meanwhile, as it is when its
// experiment ends and when the run is over.
func (j *Journal) Update(ctx context.Context) error {
	names, err := j.store.Parts(ctx, RunKey(j.run))
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return j.read[name] })
	entries := make([][]StepStatus, len(names))
	var mu sync.Mutex
	var reading errgroup.Group
	reading.SetLimit(journalReaders)
	for i, name := range names {
		reading.Go(func() error {
			b, err := j.store.GetPart(ctx, RunKey(j.run), name)
			if err == nil {
				err = json.Unmarshal(b, &entries[i])
			}
			if err != nil {
				return fmt.Errorf("journal of the run, entry %s: %w", name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			j.read[name] = !slices.ContainsFunc(entries[i], func(s StepStatus) bool { return !s.over() })
			return nil
		})
	}
	err = reading.Wait()
	for i, name := range names { // sorted: the entry of a whole group is the last one
		var group int
		if _, err := fmt.Sscanf(name[strings.IndexByte(name, '-')+1:], "%d", &group); err == nil {
			j.begun[group] = true
		}
		for _, s := range entries[i] {
			j.Steps[s.ID] = s
		}
	}
	return err
}

// StepsRecord is what RecordSteps writes down: what became of the steps of one
// experiment, or of the last steps of a sweep, in a run of it.
type StepsRecord struct {
	Run   string       `json:"run"` // the ID of the run of the sweep's workflow
	Group int          `json:"group"`
	Steps []StepStatus `json:"steps"`
}

// RecordSteps keeps what became of some of a sweep's steps until RecordSweep.
func (a *Activities) RecordSteps(ctx context.Context, r StepsRecord) error {
	_, err := guard(ctx, a, "sweep", func() (struct{}, error) {
		defer startPulse(ctx).end()
		if err := a.note(ctx, r.Run, fmt.Sprintf(groupEntry, r.Group), r.Steps); err != nil {
			return struct{}{}, err
		}
		drop := []string{fmt.Sprintf(foundEntry, r.Group)}
		for i, s := range r.Steps {
			if s.State != artifacts.StateCached {
				drop = append(drop, fmt.Sprintf(stepEntry, r.Group, i))
			}
		}
		return struct{}{}, a.Machine.Store.DropParts(ctx, RunKey(r.Run), drop...)
	})
	return err
}

// ResolveInputs finds the inputs of a step, by the given order of their names, in what
// earlier steps have made; missing says which one has no result.
func ResolveInputs(inputs map[string]pipelines.Ref, names []string, status func(id string) (StepStatus, bool)) (found map[string]runner.Input, missing string) {
	found = make(map[string]runner.Input, len(names))
	for _, name := range names {
		ref := inputs[name]
		s, _ := status(ref.Step)
		if blob, ok := s.Made.Outputs[ref.Output]; ok {
			found[name] = runner.Input{Digest: blob.Digest, Producer: s.Made.Key}
			continue
		}
		missing = cmp.Or(whyMissing(s, ref), "waits for "+ref.Step)
	}
	return found, missing
}

// missingStopped is the cause of a step not run when no step before it failed: the sweep was stopped.
const missingStopped = "the sweep was stopped"

// NotRun is the status of a step that will not run for what ResolveInputs says is missing.
func NotRun(id string, kind pipelines.Kind, missing string) StepStatus {
	if missing == missingStopped {
		missing = ""
	}
	return StepStatus{ID: id, Kind: kind, State: artifacts.StateNotRun, Error: missing}
}

// whyMissing says why a step has not made an output and will not: the first cause. "" as long as it may.
func whyMissing(s StepStatus, ref pipelines.Ref) string {
	switch s.State {
	case artifacts.StateRan, artifacts.StateCached:
		return pipelines.NoOutput(ref)
	case artifacts.StateFailed:
		return ref.Step + " failed"
	case artifacts.StateInterrupted, artifacts.StateNotRun:
		return cmp.Or(s.Error, missingStopped)
	}
	return ""
}
