package progress

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"

	"lossatlas/activities"
	"lossatlas/activities/runner"
	"lossatlas/workflows"
)

// lostAfter is the time without heartbeats after which a worker is shown as lost: four heartbeats, so that a busy machine
// raises no false alarm. Temporal retries the activity some seconds later.
const lostAfter = 4 * activities.BeatEvery

// beat is the last heartbeat of a running activity by the server's clock, and when it was first seen by this machine's.
type beat struct{ at, seen time.Time }

// look fills in which workers compute a step and how far it is, as far as Temporal answers.
func (p *Poller) look(ctx context.Context, st activities.StepStatus, out *Step) {
	out.queue = st.Queue
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	d, err := p.client.DescribeWorkflowExecution(ctx, st.Workflow, "")
	if err != nil || d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return
	}
	var inside float64 // points done of unfinished chunks
	var last runner.Progress
	for _, a := range d.GetPendingActivities() {
		if a.GetLastFailure() != nil {
			out.Retry = p.message(a.GetLastFailure())
		}
		if a.GetState() == enumspb.PENDING_ACTIVITY_STATE_SCHEDULED {
			continue
		}
		quiet := p.quiet(st.Workflow, a)
		if quiet > lostAfter {
			out.Retry = fmt.Sprintf("its worker was last heard of %s ago", Duration(quiet))
		} else {
			out.Working++
		}
		var now runner.Progress
		if details := a.GetHeartbeatDetails(); len(details.GetPayloads()) > 0 && p.by.Data.FromPayloads(details, &now) == nil {
			if last = now; quiet > lostAfter {
				last.Note = "" // it is no longer true
			}
			inside += fraction(now) * float64(max(now.Points, 1))
		}
	}
	out.Note = last.Note
	if st.Kind.Unit() == "" {
		out.Fraction = fraction(last)
	} else {
		p.chunks(ctx, st.Workflow, inside, out)
	}
}

// quiet is the time since the last heartbeat of a started activity. A change that was seen counts by this machine's clock,
// which may differ from the server's.
func (p *Poller) quiet(id string, a *workflow.PendingActivityInfo) time.Duration {
	at := a.GetLastStartedTime().AsTime()
	if b := a.GetLastHeartbeatTime(); b != nil && b.AsTime().After(at) {
		at = b.AsTime()
	}
	now := time.Now()
	id += "/" + a.GetActivityId()
	before, ok := p.beats[id]
	switch {
	case !ok:
		p.beats[id] = beat{at, at}
	case !before.at.Equal(at):
		p.beats[id] = beat{at, now}
	}
	return now.Sub(p.beats[id].seen)
}

// chunks fills in how far a step in chunks is. Its workflow answers while it has a worker; otherwise the last answer counts.
func (p *Poller) chunks(ctx context.Context, id string, inside float64, out *Step) {
	chunks := p.points[id]
	if out.Working > 0 {
		answer, err := p.client.QueryWorkflow(ctx, id, "", workflows.QueryProgress)
		if err == nil && answer.Get(&chunks) == nil {
			p.points[id] = chunks
		}
	}
	if chunks.Total == 0 {
		return
	}
	done := min(float64(chunks.Done)+inside, float64(chunks.Total))
	out.Fraction = done / float64(chunks.Total)
	note := fmt.Sprintf("%d of %d %ss", int(done), chunks.Total, chunks.Unit)
	if out.Note != "" {
		note += ", " + out.Note
	}
	out.Note = note
}

func fraction(p runner.Progress) float64 {
	if p.Total <= 0 {
		return 0
	}
	return min(max(float64(p.Done)/float64(p.Total), 0), 1)
}
