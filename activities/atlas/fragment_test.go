package atlas

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"lossatlas/activities/atlas/browsertest"
)

// fragmentData is one surface, or several, of the sample.
func fragmentData(n int) Data {
	d := sampleAtlas(n, 51)
	d.Comparisons = nil
	for i := range d.Experiments {
		e := &d.Experiments[i]
		e.Maps, e.Training, e.Flatness = e.Maps[:1], nil, nil
		e.Maps[0].Caption = "Network resnet20, data cifar10, 10000 images of the training set; test error 7.4 %."
	}
	return d
}

// TestFragments: two fragments of one sweep in one page are drawn, each turns by itself, both follow the color scheme, and nothing is asked for.
func TestFragments(t *testing.T) {
	page := `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>A post</title><style>canvas { display: none }</style><p id="numbers">A post</p>` + "\n"
	for n := range 2 {
		f, err := Fragment(fragmentData(n+1), "")
		if err != nil {
			t.Fatal(err)
		}
		if len(f) > 500_000 {
			t.Errorf("the fragment of %d surfaces has %d bytes", n+1, len(f))
		}
		page += f
	}
	file := filepath.Join(t.TempDir(), "post.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := browsertest.Start(t, chromedp.Flag("disable-features", "IsolateSandboxedIframes"))
	complaints := browsertest.Watch(ctx, t, "file://"+file, "about:srcdoc")
	frames := make(chan cdpruntime.ExecutionContextID, 16)
	chromedp.ListenTarget(ctx, func(event any) {
		if e, ok := event.(*cdpruntime.EventExecutionContextCreated); ok && e.Context.Origin != "file://" {
			frames <- e.Context.ID
		}
	})
	scheme := func(name string) chromedp.Action {
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}})
	}
	b := &tab{TB: t, ctx: ctx}
	b.run(emulation.SetDeviceMetricsOverride(900, 1300, 1, false), scheme("light"), chromedp.Navigate("file://"+file))
	first, second := <-frames, <-frames
	look := func(frame cdpruntime.ExecutionContextID, before float64) float64 {
		return inFrame[float64](ctx, t, frame, fmt.Sprintf(lookScript, before))
	}
	shot := func(name string) {
		if dir := os.Getenv("LOSSATLAS_LOOK"); dir != "" {
			var png []byte
			b.run(chromedp.CaptureScreenshot(&png))
			if err := os.WriteFile(filepath.Join(dir, "fragments-"+name+".png"), png, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	one, two := look(first, 0), look(second, 0)
	if one == 0 || two == 0 {
		t.Fatalf("nothing is drawn: %v and %v", one, two)
	}
	shot("light")
	box := get[[]float64](b, `(() => { const r = document.querySelector("iframe").getBoundingClientRect(); return [r.left, r.top]; })()`)
	x, y := box[0]+200, box[1]+250
	b.run(chromedp.MouseEvent(input.MousePressed, x, y, chromedp.ButtonLeft), chromedp.MouseEvent(input.MouseMoved, x+90, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseReleased, x+90, y, chromedp.ButtonLeft), chromedp.MouseEvent(input.MouseMoved, 1, 1))
	turned, still := look(first, one), look(second, 0)
	if turned == one || still != two {
		t.Errorf("the first was dragged: from %v and %v to %v and %v", one, two, turned, still)
	}
	b.run(scheme("dark"))
	if look(first, turned) == turned || look(second, two) == two {
		t.Error("in dark colors they look the same")
	}
	shot("dark")
	if got := inFrame[string](ctx, t, second, `[...document.querySelectorAll(".card > .about")].map(p => p.textContent.slice(0, 16)).join()`); got != "Network resnet20,Network resnet20" {
		t.Errorf("the captions are %q", got)
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

// lookScript waits until the first surface is drawn and its pixels have another sum than a given one, and returns it; 0 where nothing comes.
var lookScript = `(async () => {
	let s = 0;
	for (let i = 0; i < 300; i++) {
		await new Promise((r) => setTimeout(r, 100));
		const c = document.querySelector(".space");
		if (!c || !c.width) continue;
		` + pixels + `
		if (new Set(new Uint32Array(p.buffer)).size < 50) continue;
		s = p.reduce((s, v) => (s * 31 + v) %% 1e9, 0);
		if (s !== %v) break;
	}
	return s;
})()`

// inFrame is the value of an expression within a frame.
func inFrame[T any](ctx context.Context, t *testing.T, frame cdpruntime.ExecutionContextID, script string) T {
	t.Helper()
	var v T
	in := func(p *cdpruntime.EvaluateParams) *cdpruntime.EvaluateParams {
		return p.WithContextID(frame).WithAwaitPromise(true)
	}
	if err := chromedp.Run(ctx, chromedp.Evaluate(script, &v, in)); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestFragmentOfNothing: without a surface, or with too many points, there is no fragment; many points have seven digits.
func TestFragmentOfNothing(t *testing.T) {
	line, large := fragmentData(1), fragmentData(1)
	line.Experiments[0].Maps = []Map{{Name: "line", Kind: "line", Grid: sampledLine(5, bowl)}}
	if _, err := Fragment(line, ""); err == nil || !strings.Contains(err.Error(), "no surface") {
		t.Errorf("of a line: %v", err)
	}
	large.Experiments[0].Maps[0].Grid = sampled(401, bowl)
	if _, err := Fragment(large, ""); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("of 401×401 points: %v", err)
	}
	large.Experiments[0].Maps[0].Grid = sampled(141, bowl)
	f, err := Fragment(large, "dark")
	if err != nil || !strings.Contains(f, "&#34;single&#34;:true") || !strings.Contains(f, `data-theme=&#34;dark&#34;`) || len(f) > 900_000 {
		t.Errorf("of 141×141 points: %d bytes, %v", len(f), err)
	}
}
