package pages_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/rs/zerolog"

	"lossatlas/activities/atlas/browsertest"
	"lossatlas/workers/home"
	"lossatlas/workers/internal/loopback"
	"lossatlas/workers/internal/pages"
)

// TestLiveInABrowser: the page of a running sweep shows new points and states by itself, asks
// no other process for anything, and has no error in its console. It is opened as `lossatlas open` does.
func TestLiveInABrowser(t *testing.T) {
	h := newHalf(t)
	h.now("seed=1/surface-train", "running")
	h.chunk(t, 0, 0, 4, 20, 24)
	own := loopback.NewGuard(t.Name())
	server, err := own.Listen("the pages", h.serve(), 0, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	atlas, err := home.Open(t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	door, err := atlas.RedirectPage("half", loopback.Link(server.URL(), own.Token))
	if err != nil {
		t.Fatal(err)
	}

	ctx := browsertest.Start(t)
	complaints := browsertest.Watch(ctx, t, server.URL(), "file://"+door)
	// inside waits until the page in the frame shows a text.
	inside := func(text string) chromedp.Action {
		return chromedp.Poll(`document.querySelector("iframe")?.contentDocument?.body?.textContent.includes(`+"`"+text+"`"+`)`, nil, chromedp.WithPollingTimeout(30*time.Second))
	}
	var summary, address string
	if err := chromedp.Run(ctx,
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
	for _, c := range complaints() {
		t.Error(c)
	}
}
