package embedded_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"lossatlas/activities/atlas/browsertest"
	"lossatlas/workers/embedded"
	"lossatlas/workers/internal/loopback"
)

// TestTheUIInABrowser: by its link the UI shows workflows and their histories and ends one, asks no other server for
// anything, and has no error in its console.
func TestTheUIInABrowser(t *testing.T) {
	free, err := loopback.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	own := loopback.NewGuard(t.Name())
	srv := start(t, embedded.Options{UIPort: free[0], Guard: own})
	c := dial(t, srv)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "to-be-ended", TaskQueue: "nobody", StaticSummary: "a *summary*"}, fanOut, 3)
	if err != nil {
		t.Fatal(err)
	}
	ctx := browsertest.Start(t, chromedp.WindowSize(1600, 1000))
	complaints := browsertest.Watch(ctx, t, srv.UIURL())
	var address string
	workflow := "/namespaces/lossatlas/workflows/to-be-ended/" + run.GetRunID()
	if err := chromedp.Run(ctx,
		chromedp.Navigate(loopback.Link(srv.UIURL()+"/namespaces/lossatlas/workflows", own.Token)),
		chromedp.WaitVisible(`//*[contains(text(), "to-be-ended")]`), chromedp.Location(&address),
		chromedp.Navigate(srv.UIURL()+workflow+"/history"), chromedp.WaitVisible(`//*[contains(text(), "Workflow Execution Started")]`),
		chromedp.Evaluate(`fetch("/api/v1`+workflow[:strings.LastIndex(workflow, "/")]+`/terminate", {method: "POST", body: "{}"}).then(r => window.ended = r.status)`, nil),
		chromedp.Poll(`window.ended === 200`, nil, chromedp.WithPollingTimeout(20*time.Second)),
	); err != nil {
		t.Error(err)
	}
	if want := srv.UIURL() + "/namespaces/lossatlas/workflows"; !strings.HasPrefix(address, want) || strings.Contains(address, own.Token) {
		t.Errorf("the browser is at %s", address)
	}
	d, err := c.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
	if err != nil || d.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_TERMINATED {
		t.Errorf("the workflow is %v, %v", d.GetWorkflowExecutionInfo().GetStatus(), err)
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}
