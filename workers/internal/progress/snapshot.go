// Package progress follows a running sweep: what each step does, how far it is,
// how long it will take, and how to tell a person.
package progress

import (
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
	// Seconds is how long a finished step took when it was made.
	Seconds float64 `json:"seconds,omitempty"`
	// Fraction of a running step that is done, 0 where it isn't known; Note says more.
	Fraction float64 `json:"fraction,omitempty"`
	Note     string  `json:"note,omitempty"`
	// Working is how many workers are at it.
	Working int `json:"working,omitempty"`
	// Ready says of a waiting step that it waits for nothing but a worker.
	Ready bool `json:"ready,omitempty"`
	// Queued says of a ready step that it waits for its turn: a worker is there, and does something else.
	Queued bool `json:"queued,omitempty"`
	// Retry says why the last attempt came to nothing, when there will be another one.
	Retry string `json:"retry,omitempty"`

	queue string // the task queue of a step that was asked for
}

// Over says whether the step has ended, well or not.
func (s Step) Over() bool {
	return s.State != artifacts.StateWaiting && s.State != artifacts.StateRunning
}

// Snapshot is a sweep at one moment.
type Snapshot struct {
	At    time.Time `json:"at"`
	Steps []Step    `json:"steps"`
}

// Count returns how many steps are in one of some states.
func (s Snapshot) Count(states ...string) int {
	n := 0
	for _, step := range s.Steps {
		for _, state := range states {
			if step.State == state {
				n++
			}
		}
	}
	return n
}

// Ready returns how many steps wait for nothing but a worker.
func (s Snapshot) Ready() int {
	queued, unserved := s.ready()
	return queued + unserved
}

// ready returns how many steps wait for their turn, and how many for a worker to come.
func (s Snapshot) ready() (queued, unserved int) {
	for _, step := range s.Steps {
		switch {
		case step.Queued:
			queued++
		case step.Ready:
			unserved++
		}
	}
	return queued, unserved
}

// Over returns how many steps have ended.
func (s Snapshot) Over() int {
	n := 0
	for _, step := range s.Steps {
		if step.Over() {
			n++
		}
	}
	return n
}

// Waiting is the snapshot of a sweep of which nothing has begun.
func Waiting(g *pipelines.Graph) Snapshot {
	s := Snapshot{At: time.Now()}
	for _, p := range g.All() {
		s.Steps = append(s.Steps, Step{ID: p.Step.ID, Kind: string(p.Step.Kind), State: artifacts.StateWaiting})
	}
	return s
}
