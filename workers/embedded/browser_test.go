package embedded_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"lossatlas/workers/embedded"
	"lossatlas/workers/internal/guard"
	"lossatlas/workers/internal/port"
)

// TestTheUIInABrowser: by its link the UI shows workflows and their histories and ends one, asks no other server for
// anything, and has no error in its console.
func TestTheUIInABrowser(t *testing.T) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium on this machine: the UI is not opened in a browser")
	}
	free, err := port.Free(1)
	if err != nil {
		t.Fatal(err)
	}
	own := guard.New(t.Name())
	srv := start(t, embedded.Options{UIPort: free[0], Guard: own})
	c := dial(t, srv)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "to-be-ended", TaskQueue: "nobody", StaticSummary: "a *summary*"}, fanOut, 3)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(profile(t)),
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1600, 1000))...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) }) // it is gone before its folder is removed
	var mu sync.Mutex
	var complaints []string
	chromedp.ListenTarget(ctx, func(e any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := e.(type) {
		case *cdpruntime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError {
				complaints = append(complaints, e.Entry.Text+" "+e.Entry.URL)
			}
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; !strings.HasPrefix(u, srv.UIURL()) && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
				complaints = append(complaints, "it asks for "+u)
			}
		}
	})
	var address string
	workflow := "/namespaces/lossatlas/workflows/to-be-ended/" + run.GetRunID()
	if err := chromedp.Run(ctx, network.Enable(), log.Enable(),
		chromedp.Navigate(guard.Link(srv.UIURL()+"/namespaces/lossatlas/workflows", own.Token)),
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
	mu.Lock()
	defer mu.Unlock()
	if len(complaints) > 0 {
		t.Errorf("the browser complains:\n%s", strings.Join(complaints, "\n"))
	}
}

// profile is a folder for the browser, whose last processes may still write in it when the test is over.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
