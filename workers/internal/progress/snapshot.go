// Package progress follows a running sweep: the state and progress of each step, the time left, and how to show them.
package progress

import (
	"slices"
	"time"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Step is one step at one moment.
type Step struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	State string `json:"state"` // of artifacts.State…
	Error string `json:"error,omitempty"`
	// Seconds is how long a finished step took when it ran.
	Seconds float64 `json:"seconds,omitempty"`
	// Fraction is the done part of a running step, from 0 (also: unknown) to 1; Note describes it.
	Fraction float64 `json:"fraction,omitempty"`
	Note     string  `json:"note,omitempty"`
	// Working is how many workers compute it.
	Working int `json:"working,omitempty"`
	// Ready is set for a waiting step that has its inputs and waits for a worker.
	Ready bool `json:"ready,omitempty"`
	// Queued is set for a ready step whose workers are busy with other steps.
	Queued bool `json:"queued,omitempty"`
	// Retry is why the last attempt failed, where another one follows.
	Retry string `json:"retry,omitempty"`

	queue string // the task queue of a requested step
}

// Over reports whether the step has ended, with or without a result.
func (s Step) Over() bool {
	return s.State != artifacts.StateWaiting && s.State != artifacts.StateRunning
}

// Snapshot is a sweep at one moment.
type Snapshot struct {
	At    time.Time `json:"at"`
	Steps []Step    `json:"steps"`
}

func (s Snapshot) count(is func(Step) bool) (n int) {
	for _, step := range s.Steps {
		if is(step) {
			n++
		}
	}
	return n
}

// Count returns how many steps are in one of some states.
func (s Snapshot) Count(states ...string) int {
	return s.count(func(step Step) bool { return slices.Contains(states, step.State) })
}

// Ready returns how many steps have their inputs and wait for a worker.
func (s Snapshot) Ready() int { return s.count(func(step Step) bool { return step.Ready }) }

// queued returns how many ready steps have workers that are busy.
func (s Snapshot) queued() int { return s.count(func(step Step) bool { return step.Queued }) }

// unserved returns how many ready steps have no worker.
func (s Snapshot) unserved() int { return s.Ready() - s.queued() }

// Waiting is the snapshot of a sweep before its start.
func Waiting(g *pipelines.Graph) Snapshot {
	s := Snapshot{At: time.Now()}
	for _, p := range g.All() {
		s.Steps = append(s.Steps, Step{ID: p.Step.ID, Kind: string(p.Step.Kind), State: artifacts.StateWaiting})
	}
	return s
}
