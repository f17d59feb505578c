package atlas

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"lossatlas/activities/atlas/browsertest"
)

// tab is a page that is open in a browser.
type tab struct {
	testing.TB
	ctx        context.Context
	complaints func() []string
	folder     string // of downloads
}

// open opens the page of a sweep.
func open(t testing.TB, d Data, width, height int64, more ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	page, err := Page(d)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "page.html")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("LOSSATLAS_LOOK"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, t.Name()+".html"), page, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := &tab{TB: t, ctx: browsertest.Start(t, more...), folder: folder}
	b.complaints = browsertest.Watch(b.ctx, t, "file://"+file)
	b.run(
		emulation.SetDeviceMetricsOverride(width, height, 1, false),
		cdpbrowser.SetDownloadBehavior(cdpbrowser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(folder).WithEventsEnabled(true),
		chromedp.Navigate("file://"+file), chromedp.WaitReady("footer"),
		chromedp.Evaluate(`document.documentElement.style.scrollBehavior = "auto"`, nil),
	)
	return b
}

func (b *tab) run(actions ...chromedp.Action) {
	b.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// get is the value of an expression.
func get[T any](b *tab, script string) T {
	b.Helper()
	var v T
	b.run(chromedp.Evaluate(script, &v, awaited))
	return v
}

// drawn waits until what was asked for is on the screen.
func (b *tab) drawn() {
	b.Helper()
	b.run(chromedp.Evaluate(`new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(true))))`, nil, awaited))
}

// at is the place on the screen at a fraction of an element's width and height.
func (b *tab) at(selector string, x, y float64) (float64, float64) {
	b.Helper()
	box := get[[]float64](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`, selector))
	b.drawn()
	return box[0] + x*box[2], box[1] + y*box[3]
}

func (b *tab) move(x, y float64) {
	b.Helper()
	b.run(chromedp.MouseEvent(input.MouseMoved, x, y))
	b.drawn()
}

// pixels is a script that reads a canvas by way of a copy, which the browser expects to be read.
const pixels = `const copy = document.createElement("canvas"); copy.width = c.width; copy.height = c.height;
	const context = copy.getContext("2d", {willReadFrequently: true}); context.drawImage(c, 0, 0); const p = context.getImageData(0, 0, c.width, c.height).data;`

// look is the sum of a canvas's pixels, which changes with what is on it.
func (b *tab) look(selector string) float64 {
	b.Helper()
	return get[float64](b, fmt.Sprintf(`(() => { const c = document.querySelector(%q); %s let s = 0; for (let i = 0; i < p.length; i++) s = (s * 31 + p[i]) %% 1e9; return s; })()`, selector, pixels))
}

// colours is how many different ones a canvas has, up to 200.
func (b *tab) colours(selector string) int {
	b.Helper()
	return get[int](b, fmt.Sprintf(`(() => { const c = document.querySelector(%q); %s const s = new Set(); for (const v of new Uint32Array(p.buffer)) if (s.size < 200) s.add(v); return s.size; })()`, selector, pixels))
}

// download presses a button of a card and returns the file that comes.
func (b *tab) download(press, name string) []byte {
	b.Helper()
	time.Sleep(120 * time.Millisecond) // of more than ten downloads a second Chromium drops some
	b.run(chromedp.Evaluate(press, nil))
	path := filepath.Join(b.folder, name)
	for range 200 {
		if raw, err := os.ReadFile(path); err == nil && len(raw) > 0 {
			return raw
		}
		time.Sleep(50 * time.Millisecond)
	}
	files, _ := filepath.Glob(filepath.Join(b.folder, "*"))
	b.Fatalf("%s did not come; there are %v", name, files)
	return nil
}

func (b *tab) done() {
	b.Helper()
	for _, c := range b.complaints() {
		b.Error(c)
	}
}
