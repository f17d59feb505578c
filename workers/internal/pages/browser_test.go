package pages_test

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
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/rs/zerolog"

	"lossatlas/workers/home"
	"lossatlas/workers/internal/guard"
	"lossatlas/workers/internal/pages"
)

// TestLiveInABrowser: the page of a running sweep shows new points and states by itself, asks
// nobody else for anything, and has no error in its console. It is opened as `lossatlas open` does.
func TestLiveInABrowser(t *testing.T) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium on this machine: the pages are not opened in a browser")
	}
	h := newHalf(t)
	h.now("seed=1/surface-train", "running")
	h.chunk(t, 0, 0, 4, 20, 24)
	own := guard.New(t.Name())
	server, err := own.Listen("the pages", h.serve(), 0, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	atlas, err := home.Open(t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	door, err := atlas.Doorway("half", guard.Link(server.URL(), own.Token))
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(profile(t)),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("enable-unsafe-swiftshader", true), chromedp.Flag("use-angle", "swiftshader"))...)
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
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError {
				complaints = append(complaints, e.Entry.Text+" "+e.Entry.URL)
			}
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; !strings.HasPrefix(u, server.URL()) && u != "file://"+door && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
				complaints = append(complaints, "it asks for "+u)
			}
		}
	})
	// inside waits until the page in the frame shows a text.
	inside := func(text string) chromedp.Action {
		return chromedp.Poll(`document.querySelector("iframe")?.contentDocument?.body?.textContent.includes(`+"`"+text+"`"+`)`, nil, chromedp.WithPollingTimeout(30*time.Second))
	}
	var summary, address string
	if err := chromedp.Run(ctx, network.Enable(), log.Enable(),
		chromedp.Navigate("file://"+door), chromedp.WaitReady(`a[href="`+pages.Path("half")+`"]`), chromedp.Location(&address),
		// By script and not by node: the page may replace its nodes between two commands.
		chromedp.Evaluate(`document.querySelector('a[href="`+pages.Path("half")+`"]').click()`, nil),
		chromedp.WaitReady("#summary"), inside("4 of 25 points are there."),
	); err != nil {
		t.Fatal(err)
	}
	if address != server.URL()+"/" {
		t.Errorf("from the page that `open` makes, the browser comes to %s", address)
	}
	h.chunk(t, 1, 2, 10, 12, 14, 22)
	h.now("seed=1/training", "ran")
	if err := chromedp.Run(ctx,
		inside("9 of 25 points are there."),
		chromedp.Poll(`document.getElementById("summary").textContent.startsWith("3/19")`, nil, chromedp.WithPollingTimeout(10*time.Second)),
		chromedp.Evaluate(`document.getElementById("summary").textContent`, &summary),
	); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(summary, "3/19 steps done") {
		t.Errorf("the summary is %q", summary)
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
