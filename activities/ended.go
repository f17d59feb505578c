package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"
)

// The times after which Ended asks again: they double, up to the server's own limit of a long poll.
const firstPoll, longestPoll = time.Second, 20 * time.Second

// Ended waits for the end of a workflow run and decodes its result, like [client.WorkflowRun.Get], with its errors.
//
// A server under load drops the notice of an end that follows closely on another event of the run, and the long poll of
// Get returns only when it expires. Ended asks again after 1 s, 3 s, 7 s …, so that a dropped notice costs no more time than the
// run took.
func Ended(ctx context.Context, run client.WorkflowRun, result any) error {
	for patience := firstPoll; ; patience = min(2*patience, longestPoll) {
		// No deadline: a server answers those that are near at once.
		poll, cancel := context.WithCancel(ctx)
		expire := time.AfterFunc(patience, cancel)
		err := run.Get(poll, result)
		expire.Stop()
		expired := poll.Err() != nil
		cancel()
		if err == nil || !expired || ctx.Err() != nil {
			return err
		}
	}
}
