package artifacts

import "time"

// Action is the manifest of a finished step: its recipe, the blobs
// it wrote, by output name, and the circumstances. It is what the action cache
// holds under the step's key.
type Action struct {
	Key     Key             `json:"key"`
	Recipe  Recipe          `json:"recipe"`
	Outputs map[string]Blob `json:"outputs"`
	Made    Provenance      `json:"made"`
}

// Wrote reports whether one of the outputs has the digest.
func (a Action) Wrote(d Digest) bool {
	for _, b := range a.Outputs {
		if b.Digest == d {
			return true
		}
	}
	return false
}

// Provenance records how an action came about. It never influences a key.
type Provenance struct {
	// At is when the step finished.
	At time.Time `json:"at"`
	// Spent is its time, over all processes that worked on it.
	Spent
	Host string `json:"host,omitempty"`
	// Program names the program that ran it, with its version.
	Program string `json:"program,omitempty"`
	// Numerics is the class of arithmetic it really ran on, also when the recipe accepts any.
	Numerics string `json:"numerics,omitempty"`
	// WorkflowID and RunID find the workflow's history.
	WorkflowID string `json:"workflow_id,omitempty"`
	RunID      string `json:"run_id,omitempty"`
	// Producers names, for each input of the recipe, the step that wrote it. Inputs
	// that were imported have no producer.
	Producers map[string]Key `json:"producers,omitempty"`
}

// Spent is the time that work took.
type Spent struct {
	// Seconds are by the wall clock. The times of parallel chunks are added up.
	Seconds float64 `json:"seconds"`
	// CPUSeconds is processor time, in user and system mode. Steps that share a process share its time evenly.
	CPUSeconds float64 `json:"cpu_seconds,omitempty"`
}

// Plus adds the times of two pieces of work.
func (s Spent) Plus(t Spent) Spent {
	return Spent{Seconds: s.Seconds + t.Seconds, CPUSeconds: s.CPUSeconds + t.CPUSeconds}
}

// States of sweeps, experiments and steps, the only ones in records, tables, pages and JSON.
// `lossatlas status --help` explains them.
const (
	StateWaiting     = "waiting"     // step, experiment: for an input, or for a worker
	StateRunning     = "running"     // sweep, experiment, step
	StateCached      = "cached"      // step: its result was stored before
	StateRan         = "ran"         // step: its result was computed in this run
	StateDone        = "done"        // sweep, experiment: every step has a result
	StateDiverged    = "diverged"    // experiment: its training ended with a loss that is not finite; sweep: it has such experiments, and no step failed
	StateFailed      = "failed"      // sweep, experiment: a step failed
	StateInterrupted = "interrupted" // sweep, experiment, step: had begun when the sweep was stopped
	StateNotRun      = "not run"     // experiment, step: never began; the error of a step says why, if it would not by another run
)

// Root records a sweep's latest run and everything it needs, so that results
// can be listed and shown, and nothing that a kept sweep needs is ever freed.
type Root struct {
	// Sweep is the sweep's name, and the root's: letters, digits, '.', '_' and '-'.
	Sweep    string    `json:"sweep"`
	RunID    string    `json:"run_id"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`
	// State is running, done, diverged, failed or interrupted.
	State string `json:"state"`
	// Graph is the expanded sweep, as JSON, which package inventory compares with the steps.
	Graph Blob `json:"graph"`
	// Numerics is the class of arithmetic that the run was started with, "" where it is not known.
	Numerics string `json:"numerics,omitempty"`
	// File is the sweep file as written; nil if unknown.
	File *RootFile `json:"file,omitempty"`
	// Steps are the steps by their ID within the sweep.
	Steps map[string]RootStep `json:"steps"`
}

// RootFile is the file that a sweep was read from.
type RootFile struct {
	Name   string `json:"name"`
	Preset string `json:"preset,omitempty"` // that was applied
	Text   string `json:"text"`
}

// RootStep is one step of a root.
type RootStep struct {
	Kind string `json:"kind"`
	// Key is zero as long as an input is still to be made.
	Key Key `json:"key"`
	// State is cached, ran, failed, interrupted, not run or waiting.
	State   string          `json:"state"`
	Error   string          `json:"error,omitempty"`
	Seconds float64         `json:"seconds,omitempty"`
	Outputs map[string]Blob `json:"outputs,omitempty"`
	// Apart marks outputs that differ from the action under the key: the sweep was copied to a store that
	// had, and keeps, another result of the step, or from one that has made another since.
	Apart bool `json:"apart,omitempty"`
}
