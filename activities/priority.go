package activities

import "go.temporal.io/sdk/temporal"

// Priorities of a sweep.
const (
	MostUrgent      = 1
	DefaultPriority = 3
	LeastUrgent     = 5
)

// maxFairnessKey is the length in bytes of the longest key that Temporal takes.
const maxFairnessKey = 64

// Priority is that of all workflows and activities of a sweep, which inherit it
// from the sweep's workflow. Of sweeps with the same priority, each gets its share,
// however many tasks of one wait. A step that several sweeps share has the priority
// of the one that asked for it first.
func Priority(sweep string, priority int) temporal.Priority {
	return temporal.Priority{PriorityKey: priority, FairnessKey: sweep[:min(len(sweep), maxFairnessKey)]}
}

// MoreUrgent is the next more urgent priority, the same for the most urgent one.
func MoreUrgent(p temporal.Priority) temporal.Priority {
	p.PriorityKey = max(p.PriorityKey-1, MostUrgent)
	return p
}
