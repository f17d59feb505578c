package atlas

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"lossatlas/activities/atlas/browsertest"
)

// In a browser the page has no error in its console, asks for nothing, is no wider than the screen of a phone or a desktop,
// shows every picture, offers every download, and changes its colours with the system's.
func TestPageInABrowser(t *testing.T) {
	ctx := browsertest.Start(t)
	data := samplePage(t, 2)
	for i, e := range sampleAtlas(2, 17).Experiments {
		data.Experiments[i].Maps, data.Experiments[i].Training, data.Experiments[i].Flatness = e.Maps, e.Training, e.Flatness
	}
	data.Experiments[0].Name = `<script>document.title = "taken"</script> ` + strings.Repeat("very-long-name", 12)
	data.Experiments[1].Params = append(data.Experiments[1].Params, Pair{"train.optimizer.schedule", "{150: 0.1, 225: 0.1, 275: 0.1}"})
	page, err := Page(data)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		t.Fatal(err)
	}

	complaints := browsertest.Watch(ctx, t, "file://"+file)
	look := os.Getenv("LOSSATLAS_LOOK")
	grounds := map[string]bool{}
	for _, screen := range []struct {
		name          string
		width, height int64
		dark          bool
	}{{"desktop-light", 1280, 1400, false}, {"desktop-dark", 1280, 1400, true}, {"phone-light", 390, 844, false}, {"phone-dark", 390, 844, true}} {
		scheme := "light"
		if screen.dark {
			scheme = "dark"
		}
		var seen struct {
			Title, Ground                        string
			Width, Screen, Images, Broken, Links int
			Unnamed, Tables, Unlinked            int
			Landscape                            float64
			Open                                 bool
		}
		err := chromedp.Run(ctx,
			emulation.SetDeviceMetricsOverride(screen.width, screen.height, 2, screen.width < 500),
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
			chromedp.Navigate("file://"+file),
			chromedp.WaitReady("footer"),
			chromedp.Evaluate(`window.dispatchEvent(new Event("beforeprint"))`, nil), // draws what is off the screen
			chromedp.Evaluate(`Promise.all([...document.images].map(i => { i.loading = "eager"; return i.decode().catch(() => 0); })).then(() => true)`, nil, awaited),
			chromedp.Evaluate(`({
				Title: document.title,
				Ground: getComputedStyle(document.body).backgroundColor,
				Width: document.documentElement.scrollWidth,
				Screen: window.innerWidth,
				Images: document.images.length,
				Broken: [...document.images].filter(i => !i.complete || i.naturalWidth === 0).length,
				Links: [...document.querySelectorAll("a[download]")].filter(a => !a.hidden && a.href.startsWith("data:image/")).length,
				Unnamed: [...document.images].filter(i => !i.alt).length,
				Tables: document.querySelectorAll("#experiments tbody tr").length,
				Landscape: document.querySelector("#landscapes .card").getBoundingClientRect().top + window.scrollY,
				Open: document.querySelector("#landscapes .controls").open,
				Unlinked: [...document.querySelectorAll("tbody a, .nav a")].filter(a => !document.querySelector(a.getAttribute("href"))).length,
			})`, &seen),
		)
		if err != nil {
			t.Fatalf("%s: %v", screen.name, err)
		}
		for _, part := range []string{"h1", "#landscapes", "#trainings", ".figures"} {
			if look == "" {
				break
			}
			var shot []byte
			if err := chromedp.Run(ctx, chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).scrollIntoView({behavior: "instant"})`, part), nil), chromedp.Sleep(time.Second), chromedp.CaptureScreenshot(&shot)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(look, "page-"+screen.name+"-"+strings.Trim(part, "#.")+".png"), shot, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if seen.Title != data.Title {
			t.Errorf("%s: the title is %q", screen.name, seen.Title)
		}
		if seen.Width > seen.Screen {
			t.Errorf("%s: the page is %d wide on a screen of %d", screen.name, seen.Width, seen.Screen)
		}
		if phone := screen.width < 500; seen.Open == phone || phone && seen.Landscape > 0.7*float64(screen.height) {
			t.Errorf("%s: the card of the first landscape begins %.0f pixels down, and the controls are open: %v", screen.name, seen.Landscape, seen.Open)
		}
		if seen.Images != 8 || seen.Broken != 0 || seen.Unnamed != 0 {
			t.Errorf("%s: %d pictures, %d of them broken, %d without a description", screen.name, seen.Images, seen.Broken, seen.Unnamed)
		}
		if seen.Links != 16 { // the script makes the PNG of the SVG
			t.Errorf("%s: %d downloads, want an SVG and a PNG of each of 8 pictures", screen.name, seen.Links)
		}
		if seen.Tables != 2 || seen.Unlinked != 0 {
			t.Errorf("%s: %d rows, %d of them lead nowhere", screen.name, seen.Tables, seen.Unlinked)
		}
		grounds[seen.Ground] = true
	}
	if len(grounds) != 2 {
		t.Errorf("light and dark have grounds %v", grounds)
	}
	// By keyboard: the first stop is the link that skips to the table, and it becomes visible.
	var focus string
	err = chromedp.Run(ctx, chromedp.KeyEvent("\t"), chromedp.Evaluate(`(() => { const a = document.activeElement; return a.className + " " + (a.getBoundingClientRect().left >= 0); })()`, &focus))
	if err != nil {
		t.Fatal(err)
	}
	if focus != "skip true" {
		t.Errorf("the first tab stop is %q", focus)
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

// awaited waits for what a script promises.
func awaited(p *cdpruntime.EvaluateParams) *cdpruntime.EvaluateParams {
	return p.WithAwaitPromise(true)
}
