package atlas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
)

const shownRows = `[...document.querySelectorAll("#experiments tbody tr")].filter(r => !r.hidden).map(r => r.dataset.id)`

// TestTable sorts, filters and picks columns, by mouse and by keyboard.
func TestTable(t *testing.T) {
	d := sampleAtlas(6, 9)
	d.Experiments[0].Name = `<img src=x onerror="document.title='taken'"> & <b>bold</b>`
	d.Experiments[2].TestError = nil
	nan := math.NaN()
	d.Experiments[3].TestError = &nan
	b := open(t, d, 1280, 900)
	rates := []float64{7.4, 7.7, 0, 0, 8.6, 8.9}
	for i := range rates { // (i·7) mod 6 is i
		if e := d.Experiments[i].TestError; e != nil && !math.IsNaN(*e) && math.Abs(*e-rates[i]) > 1e-9 {
			t.Fatalf("experiment %d has the test error %g", i, *e)
		}
	}
	press := `document.querySelector('th[data-path^="share of the test examples"] button')`
	ids := func(n ...int) (out []string) {
		for _, i := range n {
			out = append(out, experimentID(i))
		}
		return out
	}
	check := func(what string, want []string) {
		t.Helper()
		if got := get[[]string](b, shownRows); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: the rows are %v, want %v", what, got, want)
		}
	}
	check("at first", ids(0, 1, 2, 3, 4, 5))
	b.run(chromedp.Evaluate(press+".click()", nil))
	check("rising", ids(0, 1, 4, 5, 3, 2)) // what is not finite, then what is not there, comes last
	b.run(chromedp.Evaluate(press+".focus()", nil), chromedp.KeyEvent(kb.Enter))
	check("falling", ids(5, 4, 1, 0, 3, 2))
	b.drawn()
	if got := get[string](b, `[...document.querySelectorAll(".card .about")].map(h => h.textContent.slice(11, 15)).join()`); !strings.HasPrefix(got, "7.70,7.40,not ") {
		t.Errorf("what is compared stands in the order %s, want that of the table", got)
	}
	if s := get[string](b, press+`.closest("th").ariaSort`); s != "descending" {
		t.Errorf("aria-sort is %q", s)
	}
	b.run(chromedp.Evaluate(press+".click()", nil))
	check("as in the file", ids(0, 1, 2, 3, 4, 5))
	b.run(chromedp.SendKeys(`#table-tools input[type=search]`, "8192 0.0001"))
	check("filtered", ids(3))
	b.run(chromedp.Evaluate(`[...document.querySelectorAll("#table-tools button")].find(x => x.textContent === "Clear selection").click()`, nil))
	b.run(chromedp.Evaluate(`[...document.querySelectorAll("#table-tools button")].find(x => x.textContent === "Compare all shown").click()`, nil))
	b.drawn()
	if got := get[[]string](b, `[...document.querySelectorAll(".card h3")].map(h => h.textContent)`); len(got) != 1 || got[0] != d.Experiments[3].Name {
		t.Errorf("compared are %v, want experiment 3 alone", got)
	}
	b.run(chromedp.Evaluate(`const f = document.querySelector("#table-tools input[type=search]"); f.value = ""; f.dispatchEvent(new Event("input")); document.querySelector("#experiments tbody input").click()`, nil))
	b.drawn()
	if got := get[string](b, `document.querySelector(".card h3").textContent`); got != d.Experiments[0].Name {
		t.Errorf("the card of an experiment with markup for a name is headed %q", got)
	}
	if title := get[string](b, "document.title"); title != d.Title {
		t.Errorf("the title is %q: markup in a name was taken for such", title)
	}
	hidden := `document.querySelector('th[data-path*=".sharp"]').hidden`
	if !get[bool](b, hidden) {
		t.Error("sharpness is shown from the start")
	}
	b.run(chromedp.Evaluate(`[...document.querySelectorAll(".picks label")].find(l => l.textContent.includes("sharp")).querySelector("input").click()`, nil))
	if get[bool](b, hidden) {
		t.Error("a picked column is not shown")
	}
	b.done()
}

// TestLandscapes looks around: what is pointed at is the same point on all views, turning one surface turns all, and scale and cut change what is drawn.
func TestLandscapes(t *testing.T) {
	d := sampleAtlas(4, 33)
	b := open(t, d, 1400, 1000)
	b.at(".card", 0, 0)
	b.drawn()
	if n := get[int](b, `document.querySelectorAll(".card").length`); n != 4 {
		t.Fatalf("%d cards, want 4", n)
	}
	if !get[bool](b, `document.querySelector("#landscapes .note[hidden]") !== null`) {
		t.Error("WebGL is said to be missing")
	}
	const first, other = ".card:nth-child(1) ", ".card:nth-child(2) "
	for _, canvas := range []string{first + ".space", first + ".plane", other + ".space", other + ".plane"} {
		if n := b.colours(canvas); n < 100 {
			t.Errorf("%s has %d colours: nothing was drawn", canvas, n)
		}
	}
	// The point that is looked at: the middle of the plane's frame is (0, 0).
	readout := func(card string) string {
		return get[string](b, fmt.Sprintf(`document.querySelector("%s.readout").textContent`, card))
	}
	before := b.look(other + ".space")
	frame := get[[]float64](b, `(() => { const c = document.querySelector(".card .plane"); return [52 / c.clientWidth, (c.clientWidth - 62) / c.clientWidth]; })()`)
	x, y := b.at(first+".plane", (frame[0]+frame[1])/2, 0.5)
	b.move(x, y)
	g := d.Experiments[0].Maps[0].Grid
	centre := readout(first)
	if !strings.Contains(centre, "α 0") || !strings.Contains(centre, "λmax 40") || !strings.Contains(centre, "|λmin/λmax| 0.0025") {
		t.Errorf("at the middle of the plane it says %q", centre)
	}
	if !strings.Contains(readout(other), "α 0") {
		t.Errorf("the other card says %q", readout(other))
	}
	if b.look(other+".space") == before {
		t.Error("the point is not marked on the other surface")
	}
	b.run(chromedp.Evaluate(`document.querySelector(".card .plane").focus()`, nil), chromedp.KeyEvent(kb.ArrowDown))
	b.drawn()
	stepped := readout(first)
	if stepped == centre {
		t.Error("an arrow key does not move the point")
	}
	var beta float64
	if _, err := fmt.Sscanf(strings.ReplaceAll(stepped[strings.Index(stepped, "β ")+len("β "):], "−", "-"), "%g", &beta); err != nil {
		t.Fatalf("%q: %v", stepped, err)
	}
	for iy, v := range g.Y {
		if math.Abs(v-beta) < 1e-3 {
			if want := fmt.Sprintf("loss %.4g", g.Loss[iy*33+16]); !strings.Contains(stepped, want) {
				t.Errorf("at β = %g it says %q, want %s", beta, stepped, want)
			}
		}
	}
	x, y = b.at(first+".space", 0.5, 0.55)
	b.move(x, y)
	if s := readout(other); !strings.Contains(s, "loss ") {
		t.Errorf("pointing at a surface, the other card says %q", s)
	}
	b.move(2, 2)
	if s := readout(other); s != "" {
		t.Errorf("pointing at nothing, it says %q", s)
	}

	// Turning.
	before = b.look(other + ".space")
	x, y = b.at(first+".space", 0.5, 0.5)
	b.run(chromedp.MouseEvent(input.MousePressed, x, y, chromedp.ButtonLeft), chromedp.MouseEvent(input.MouseMoved, x+60, y+10, chromedp.ButtonLeft), chromedp.MouseEvent(input.MouseReleased, x+60, y+10, chromedp.ButtonLeft))
	b.drawn()
	dragged := b.look(other + ".space")
	if dragged == before {
		t.Error("dragging one surface does not turn the other")
	}
	b.run(chromedp.Evaluate(`document.querySelector(".card .space").focus()`, nil), chromedp.KeyEvent(kb.ArrowRight))
	b.drawn()
	if b.look(other+".space") == dragged {
		t.Error("an arrow key does not turn the surfaces")
	}
	b.run(chromedp.KeyEvent("0"))
	b.move(2, 2)
	if b.look(other+".space") != before {
		t.Error("0 does not turn the surfaces back")
	}

	// Scale and cut. In the corner, the chaotic surface is far above its middle.
	chaotic := ".card:nth-child(3) .plane"
	b.at(chaotic, 0, 0)
	whole := b.look(chaotic)
	b.run(chromedp.Evaluate(`[...document.querySelectorAll("#landscapes label")].find(l => l.textContent.includes("log scale")).querySelector("input").click()`, nil))
	b.drawn()
	linear := b.look(chaotic)
	if linear == whole {
		t.Error("the scale makes no difference")
	}
	b.run(chromedp.Evaluate(`const c = document.querySelector("#landscapes input[type=range]"); c.value = 5; c.dispatchEvent(new Event("input"))`, nil))
	b.drawn()
	if b.look(chaotic) == linear {
		t.Error("the cut makes no difference")
	}
	if s := get[string](b, `document.querySelector("#landscapes output").value`); s == "no cut" {
		t.Error("the cut is not told")
	}
	// What is not finite is open: in the corner of the fourth surface there is no colour of the palette.
	b.run(chromedp.Evaluate(`const k = document.querySelector("#landscapes input[type=range]"); k.value = 100; k.dispatchEvent(new Event("input"))`, nil))
	b.at(".card:nth-child(4)", 0, 0)
	b.drawn()
	// The corner is a tenth of the frame from its right and its top edge.
	if n := get[int](b, `(() => { const c = document.querySelector(".card:nth-child(4) .plane"); `+pixels+`
		const left = 52, right = c.width - 62, at = (x, y) => [0, 1, 2].map(k => p[4 * (y * c.width + x) + k]);
		const grey = (q) => Math.max(...q) - Math.min(...q) < 40;
		const middle = Math.round((left + right) / 2), top = [...Array(c.height).keys()].find(y => !grey(at(middle, y)));
		let n = 0; for (let x = right - Math.round((right - left) * 0.2); x < right - 8; x++) if (!grey(at(x, top + 8))) n++;
		return n + (grey(at(left + 8, top + 8)) ? 1000 : 0); })()`); n != 0 {
		t.Errorf("where there is no finite loss, %d points are coloured (or, beyond 1000, where there is one, none is)", n)
	}
	for _, group := range []string{"hessian/train", "trajectory/train", "between/between/train"} {
		b.run(chromedp.Evaluate(fmt.Sprintf(`const s%[2]d = document.querySelector("#landscapes select"); s%[2]d.value = %[1]q; s%[2]d.dispatchEvent(new Event("change"))`, group, len(group)), nil))
		b.at(".card .plane", 0, 0)
		b.drawn()
		if n := b.colours(".card .plane"); n < 60 {
			t.Errorf("%s has %d colours", group, n)
		}
	}
	// A reload keeps what was chosen.
	b.run(chromedp.Sleep(400*time.Millisecond), chromedp.Reload(), chromedp.WaitReady("footer"))
	if s := get[string](b, `document.querySelector("#landscapes select").value`); s != "between/between/train" {
		t.Errorf("after a reload the map is %q", s)
	}
	// A link to a view chooses the maps, the difference and the scale, and a view gives the same link again. A map differs from itself by 0.
	b.run(chromedp.Evaluate(`location.hash = "#camera=20,30,1&group=surface%2Ftrain&quantity=loss&minus=map-1&low=-3&compare=1,3"`, nil), chromedp.Sleep(300*time.Millisecond))
	for tries := 0; tries < 30 && readout(first) == ""; tries++ { // the cards are drawn once they are in sight
		b.run(chromedp.Sleep(100 * time.Millisecond))
		x, y = b.at(first+".plane", (frame[0]+frame[1])/2, 0.3)
		b.move(x+float64(tries%2), y)
	}
	if s := readout(first); !strings.Contains(s, "Δ loss 0 ") && !strings.Contains(s, "Δ loss 0l") {
		t.Errorf("the difference of a map from itself is said to be %q", s)
	}
	if s := readout(other); !strings.Contains(s, "Δ loss ") || strings.Contains(s, "Δ loss 0l") {
		t.Errorf("the difference of two maps is said to be %q", s)
	}
	if s := get[string](b, `[...document.querySelectorAll("#landscapes .limit")].map(i => i.value).join() + document.querySelectorAll(".card").length`); s != "-3,2" {
		t.Errorf("after a link the limits and the number of cards are %q", s)
	}
	b.run(chromedp.Evaluate(`[...document.querySelectorAll("#landscapes button")].find(x => x.textContent === "Link to this view").click()`, nil))
	for _, want := range []string{"camera=20%2C30%2C1", "minus=map-1", "low=-3", "compare=1%2C3"} {
		if hash := get[string](b, "location.hash"); !strings.Contains(hash, want) {
			t.Errorf("the link is %s, without %s", hash, want)
		}
	}
	b.done()
}

// TestFiles downloads what a card offers, and reads it as other programs do.
func TestFiles(t *testing.T) {
	d := sampleAtlas(4, 9)
	g := d.Experiments[3].Maps[0].Grid // with infinities and NaN
	g.Mask[5], g.Loss[5], g.Accuracy[5] = false, math.NaN(), math.NaN()
	g.Meta = json.RawMessage(`{"key":"β"}`)
	b := open(t, d, 1280, 900)
	b.at(".card:nth-child(4)", 0, 0)
	stem := "fig3-batch_size=8192-weight_decay=0.0001-surface-train"
	press := func(label string) string {
		return fmt.Sprintf(`[...document.querySelectorAll(".card:nth-child(4) .links button")].find(x => x.textContent === %q).click()`, label)
	}
	raw := b.download(press("NPZ"), stem+".npz")
	read, err := surface.DecodeNPZ(raw)
	if err != nil {
		t.Fatal(err)
	}
	same := func(a, b []float64) bool {
		for i := range a {
			if math.Float64bits(a[i]) != math.Float64bits(b[i]) && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
				return false
			}
		}
		return len(a) == len(b)
	}
	if !same(read.Loss, g.Loss) || !same(read.Accuracy, g.Accuracy) || !same(read.X, g.X) || string(read.Meta) != string(g.Meta) || fmt.Sprint(read.Mask) != fmt.Sprint(g.Mask) {
		t.Error("the grid is another one as NPZ")
	}
	want, err := g.VTS()
	if err != nil {
		t.Fatal(err)
	}
	if got := b.download(press("VTK"), stem+".vts"); !bytes.Equal(got, want) {
		t.Errorf("the grid is another one as VTK: %d bytes, want %d", len(got), len(want))
	}
	if want, err = g.CSV(); err != nil {
		t.Fatal(err)
	}
	if got := b.download(press("CSV"), stem+".csv"); !bytes.Equal(got, want) {
		t.Errorf("the grid is another one as CSV: %.300s\nwant %.300s", got, want)
	}
	var tree struct {
		Loss [][]any
		X    []float64
	}
	if err := json.Unmarshal(b.download(press("JSON"), stem+".json"), &tree); err != nil {
		t.Fatal(err)
	}
	if len(tree.Loss) != 9 || tree.Loss[0][5] != nil || tree.Loss[8][8] != "Inf" || tree.Loss[0][0] != g.Loss[0] {
		t.Errorf("the grid is another one as JSON: %v", tree.Loss)
	}
	for _, view := range []string{"surface", "contours"} {
		svg := b.download(press(view+" (SVG)"), stem+"-loss-"+view+".svg")
		if !bytes.HasPrefix(svg, []byte("<svg ")) || bytes.Count(svg, []byte("<path")) < map[string]int{"surface": 40, "contours": 4}[view] || bytes.Contains(withoutImages(svg), []byte("undefined")) || bytes.Contains(withoutImages(svg), []byte("NaN")) {
			t.Errorf("the %s as SVG: %.200s", view, svg)
		}
		if png := b.download(press(view+" (PNG)"), stem+"-loss-"+view+".png"); !bytes.HasPrefix(png, []byte("\x89PNG")) || len(png) < 5000 {
			t.Errorf("the %s as PNG has %d bytes", view, len(png))
		}
		if dir := os.Getenv("LOSSATLAS_LOOK"); dir != "" {
			for _, form := range []string{"svg", "png"} {
				raw, _ := os.ReadFile(filepath.Join(b.folder, stem+"-loss-"+view+"."+form))
				if err := os.WriteFile(filepath.Join(dir, view+"."+form), raw, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	checkMeshes(t, b.download(press("GLB"), stem+"-loss.glb"), b.download(press("OBJ"), stem+"-loss.obj"), b.download(press("STL"), stem+"-loss.stl"))
	all := b.download(`[...document.querySelectorAll("#landscapes .bar button")].find(x => x.textContent === "All as SVG").click()`, "fig3-surface-train-loss.svg")
	if n := bytes.Count(all, []byte("<image ")); n != 4 || bytes.Contains(withoutImages(all), []byte("NaN")) {
		t.Errorf("a picture of all has %d planes, want 4", n)
	}
	if png := b.download(`[...document.querySelectorAll("#landscapes .bar button")].find(x => x.textContent === "All as PNG").click()`, "fig3-surface-train-loss.png"); !bytes.HasPrefix(png, []byte("\x89PNG")) {
		t.Error("a picture of all is no PNG")
	} else if dir := os.Getenv("LOSSATLAS_LOOK"); dir != "" {
		if err := errors.Join(os.WriteFile(filepath.Join(dir, "all.png"), png, 0o600), os.WriteFile(filepath.Join(dir, "all.svg"), all, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	table := b.download(`[...document.querySelectorAll("#table-tools button")].find(x => x.textContent === "Table as CSV").click()`, "fig3-table.csv")
	if n := bytes.Count(table, []byte("\n")); n != 5 {
		t.Errorf("the table has %d lines, want a head and 4: %s", n, table)
	}
	// Every other of the sample's widths is a lower bound.
	if !bytes.Contains(table, []byte(`,surface-train.width0.5,surface-train.width0.5.bounds,`)) || bytes.Count(table, []byte(",0.51,1,")) != 1 || bytes.Count(table, []byte(",0.52,0,")) != 1 {
		t.Errorf("the table does not tell lower bounds: %s", table)
	}
	if n := get[int](b, `document.querySelectorAll("#landscapes a[href^='http://127.0.0.1:8233/']").length`); n != 1 {
		t.Errorf("%d links to the Temporal UI, want the one that was given", n)
	}
	b.done()
}

// withoutImages takes the data of pixels out of an SVG, in which any letters occur.
func withoutImages(svg []byte) []byte {
	return regexp.MustCompile(`href="data:[^"]*"`).ReplaceAll(svg, nil)
}

// TestWithoutWebGL shows planes from above, and says so.
func TestWithoutWebGL(t *testing.T) {
	b := open(t, sampleAtlas(2, 17), 1000, 900, chromedp.Flag("disable-3d-apis", true))
	b.at(".card", 0, 0)
	b.drawn()
	if note := get[string](b, `document.querySelector("#landscapes .note:not([hidden])").textContent`); !strings.Contains(note, "WebGL") {
		t.Errorf("the note is %q", note)
	}
	if n := b.colours(".card .plane"); n < 100 {
		t.Errorf("the plane has %d colours", n)
	}
	if get[bool](b, `document.querySelector(".card .space").checkVisibility()`) {
		t.Error("an empty surface is shown")
	}
	b.done()
}

// TestWordsOfSurfaces: names and numbers around a surface do not lie on each other and are not cut off, from any camera; of a path the page says what its colors mean.
func TestWordsOfSurfaces(t *testing.T) {
	b := open(t, sampleAtlas(2, 17), 1280, 900)
	text := regexp.MustCompile(`<text x="([^"]*)" y="([^"]*)"[^>]*text-anchor="(\w+)"[^>]*>([^<]+)<`)
	path := `[...document.querySelectorAll("#landscapes .legend span")].some(s => !s.hidden && s.textContent.includes("Path of a training"))`
	for i, group := range []string{"surface/train", "trajectory/train", "between/between/train"} {
		b.run(chromedp.Evaluate(fmt.Sprintf(`(() => { const s = document.querySelector("#landscapes select"); s.value = %q; s.dispatchEvent(new Event("change")); })()`, group), nil))
		if got := get[bool](b, path); got != (group == "trajectory/train") {
			t.Errorf("%s: the colors of a path are explained: %v", group, got)
		}
		for _, camera := range []string{"from a corner", "from the front", "from the side", "from above"} {
			b.run(chromedp.Evaluate(fmt.Sprintf(`(() => { const s = [...document.querySelectorAll("#landscapes .control")].find(c => c.textContent.startsWith("camera")).querySelector("select"); s.value = %q; s.dispatchEvent(new Event("change")); })()`, camera), nil))
			b.at(".card .space", 0.5, 0.5)
			name := get[string](b, `document.querySelector(".card h3").textContent`)
			if i == 2 {
				name = "between"
			}
			file := fileStem("fig3", name, strings.Split(group, "/")[0], "train") + "-loss-surface.svg"
			_ = os.Remove(filepath.Join(b.folder, file))
			svg := b.download(`[...document.querySelectorAll(".card .links button")].find(x => x.textContent === "surface (SVG)").click()`, file)
			width := get[float64](b, `document.querySelector(".card .space").clientWidth`)
			type line struct {
				text           string
				from, to, y, x float64
			}
			var seen []line
			for _, m := range text.FindAllSubmatch(svg, -1) {
				var l line
				fmt.Sscan(string(m[1]), &l.x)
				fmt.Sscan(string(m[2]), &l.y)
				l.text = string(m[4])
				wide := get[float64](b, fmt.Sprintf(`(() => { const c = document.createElement("canvas").getContext("2d"); c.font = "11px system-ui, sans-serif"; return c.measureText(%q).width; })()`, l.text))
				l.from = l.x - wide*map[string]float64{"start": 0, "middle": 0.5, "end": 1}[string(m[3])]
				l.to = l.from + wide
				if l.from < 0 || l.to > width {
					t.Errorf("%s %s: %q reaches from %.0f to %.0f of %.0f", group, camera, l.text, l.from, l.to, width)
				}
				for _, o := range seen {
					if len(o.text) > 1 && len(l.text) > 1 && l.from < o.to && o.from < l.to && math.Abs(o.y-l.y) < 10 {
						t.Errorf("%s %s: %q lies on %q", group, camera, l.text, o.text)
					}
				}
				seen = append(seen, l)
			}
			if len(seen) < 6 {
				t.Errorf("%s %s: only %d texts", group, camera, len(seen))
			}
		}
	}
	b.done()
}

// TestOddMaps shows maps that have no range, no value, no more than a corner each, values at the ends of what a number can be, or a hole of points in the
// making: none of them is an error, and each is drawn as far as it can be.
func TestOddMaps(t *testing.T) {
	d := sampleAtlas(1, 9)
	first := d.Experiments[0]
	d.Experiments, d.Comparisons = nil, nil
	begun := surface.NewGrid(surface.Lattice(-1, 1, 17), surface.Lattice(-1, 1, 17))
	for _, k := range surface.Order(17, 17)[:30] {
		begun.Loss[k], begun.Accuracy[k], begun.Mask[k] = bowl(begun.X[k%17], begun.Y[k/17]), 50, true
	}
	line := sampledLine(9, bowl)
	line.Mask[3], line.Loss[3] = false, math.NaN()
	for name, g := range map[string]*surface.Grid{
		"1 constant": sampled(9, func(x, y float64) float64 { return 2.3 }), "2 nothing": sampled(9, func(x, y float64) float64 { return math.NaN() }),
		"3 corners": sampled(2, bowl), "4 huge": sampled(9, func(x, y float64) float64 { return 1e308 * (x*x + y*y) / 2 }), "5 begun": begun,
		"6 zero": sampled(9, func(x, y float64) float64 { return 0 }), "7 tiny": sampled(9, func(x, y float64) float64 { return math.SmallestNonzeroFloat64 }),
	} {
		e := first
		e.Name, e.Maps = name, []Map{{Name: "surface", Kind: "surface", Split: "train", Grid: g}, {Name: "line", Kind: "line", Split: "train", Grid: line}}
		d.Experiments = append(d.Experiments, e)
	}
	slices.SortFunc(d.Experiments, func(a, b Experiment) int { return strings.Compare(a.Name, b.Name) })
	b := open(t, d, 1280, 900)
	b.run(chromedp.Evaluate(`[...document.querySelectorAll("#table-tools button")].find(x => x.textContent === "Compare all shown").click();
		[...document.querySelectorAll("#landscapes label")].find(l => l.textContent.includes("same scale")).querySelector("input").click()`, nil))
	for i := range d.Experiments {
		card := fmt.Sprintf(".card:nth-child(%d) ", i+1)
		x, y := b.at(card+".plane", 0.5, 0.4)
		b.move(x, y)
		if s := get[string](b, fmt.Sprintf(`document.querySelector("%s.readout").textContent`, card)); !strings.Contains(s, "loss ") {
			t.Errorf("%s says %q", d.Experiments[i].Name, s)
		}
	}
	// Thirty points of a lattice in the making are the corners of sixteen cells and more: all of the plane has its colours.
	if n := b.colours(".card:nth-child(5) .plane"); n < 100 {
		t.Errorf("a lattice in the making has %d colours", n)
	}
	b.done()
}

// TestCurves shows lines, trainings and spectra, and names the values under the pointer; legends are whole.
func TestCurves(t *testing.T) {
	b := open(t, sampleAtlas(3, 17), 1280, 900)
	if n := get[int](b, `document.querySelectorAll("section:not(#across) .curves .uplot").length`); n != 7 {
		t.Errorf("%d plots, want 2 of lines, 4 of trainings and 1 of spectra", n)
	}
	x, y := b.at("#lines .curves .u-over", 0.5, 0.5)
	b.move(x, y)
	if s := get[string](b, `document.querySelector("#lines .u-legend").textContent`); !strings.Contains(s, "0.02") {
		t.Errorf("at the middle of the line it says %q", s)
	}
	b.run(chromedp.Evaluate(`document.querySelector("#trainings .curves").focus()`, nil), chromedp.KeyEvent(kb.ArrowRight))
	b.drawn()
	if s := get[string](b, `document.querySelector("#trainings .u-legend").textContent`); strings.Contains(s, "epoch–") {
		t.Errorf("an arrow key shows nothing: %q", s)
	}
	rates := b.download(`[...document.querySelectorAll("#trainings .links button")].at(-1).click()`, "fig3-learning-rate.csv")
	if lines := strings.Split(string(rates), "\n"); !strings.HasPrefix(lines[1], "0,0.1") || !strings.HasPrefix(lines[151], "150,0.1") || !strings.HasPrefix(lines[152], "151,0.01") {
		t.Errorf("the rate drops after 150 epochs, and holds from 0 on: %q, %q and %q", lines[1], lines[151], lines[152])
	}
	b.run(emulation.SetDeviceMetricsOverride(390, 900, 1, false))
	b.drawn()
	if n := get[int](b, `[...document.querySelectorAll(".u-legend")].filter(e => e.scrollHeight > e.clientHeight).length`); n > 0 {
		t.Errorf("on a phone %d legends are cut off", n)
	}
	dark := `document.querySelector("#theme").click(), getComputedStyle(document.body).backgroundColor`
	if a, c := get[string](b, dark), get[string](b, dark); a == c {
		t.Errorf("the switch of colours leaves the ground at %s", a)
	}
	b.done()
}

// TestGapsOfCurves: where a density is too small to show there is no line, also if another density over other eigenvalues is in the frame.
// A logarithmic axis may begin anywhere.
func TestGapsOfCurves(t *testing.T) {
	d := sampleAtlas(3, 9)
	for i := range d.Experiments {
		d.Experiments[i].Training = sampledLog(2)
		d.Experiments[i].Training.Epochs[0].TrainLoss, d.Experiments[i].Training.Epochs[1].TrainLoss = 14.35769125590016, 0.0000011217847677012481
	}
	b := open(t, d, 1280, 900)
	b.at("#spectra canvas", 0.5, 0.5)
	longest := get[int](b, `(() => { const u = document.querySelector("#spectra .u-over"), c = u.parentNode.querySelector("canvas"), r = u.getBoundingClientRect(), q = c.getBoundingClientRect(); `+pixels+`
		const k = c.width / q.width, [left, right, bottom] = [r.left - q.left, r.right - q.left, r.bottom - q.top].map((v) => Math.round(v * k));
		let most = 0;
		for (let y = bottom - Math.round(0.15 * r.height * k); y < bottom; y++) {
			for (let x = left, n = 0; x < right; x++) {
				const at = 4 * (y * c.width + x), grey = Math.max(p[at], p[at + 1], p[at + 2]) - Math.min(p[at], p[at + 1], p[at + 2]) < 40;
				most = Math.max(most, (n = grey ? 0 : n + 1));
			}
		}
		return most; })()`)
	if longest > 8 {
		t.Errorf("at the bottom of the frame lies a line %d pixels long", longest)
	}
	b.done()
}

// TestNamesOfAxes: the name of a measure at its axis has room there, and its legend has all of it.
func TestNamesOfAxes(t *testing.T) {
	d := sampleAtlas(3, 9)
	for i := range d.Experiments {
		d.Experiments[i].Flatness = []Flatness{{Name: "a-map-with-a-long-name-train", Single: true, Summary: []surface.Summary{{Name: "box_subspace", Mean: float64(i), Deviation: math.NaN()}}}}
	}
	b := open(t, d, 1280, 900)
	whole := "largest rise in a box, random subspace (%)"
	b.run(chromedp.Evaluate(fmt.Sprintf(`[...document.querySelectorAll("#table-tools .picks label")].find(l => l.textContent.includes(%q)).querySelector("input:not(:checked)")?.click()`, "random subspace"), nil))
	b.drawn()
	if got := get[string](b, `[...document.querySelectorAll("#across .curves:not([hidden])")].map(c => c.querySelectorAll(".u-series th")[1].textContent).find(s => s.includes("random"))`); got != whole {
		t.Errorf("the legend says %q, want %q", got, whole)
	}
	// Text at the left of the canvas ends before its upper and lower edges.
	if n := get[int](b, `(() => { const root = [...document.querySelectorAll("#across .curves:not([hidden])")].find(c => c.textContent.includes("random")), c = root.querySelector("canvas"); `+pixels+`
		const k = c.width / c.clientWidth; let n = 0; for (const y of [0, 1, 2, c.height - 3, c.height - 2, c.height - 1]) for (let x = 0; x < 22 * k; x++) if (p[4 * (y * c.width + x) + 3] > 60) n++; return n; })()`); n > 0 {
		t.Error("the name of the axis is cut off")
	}
	b.done()
}

// TestLinesOverEachOther ticks maps in the menu by keyboard: the lines of all ticked maps and experiments lie in one frame, eight at most, each in its own color.
func TestLinesOverEachOther(t *testing.T) {
	d := sampleAtlas(3, 17)
	for i := range d.Experiments {
		e := &d.Experiments[i]
		for _, m := range e.Maps {
			if m.Kind == "line" {
				m.Name, m.Loss, m.Score = "hinge", "hinge", "top-5 accuracy"
				e.Maps = append(e.Maps, m)
			}
		}
	}
	b := open(t, d, 1280, 900)
	labels := `[...document.querySelectorAll("#lines .curves")[%d].querySelectorAll(".u-series th")].slice(1).map(h => h.textContent).join("; ")`
	check := func(what string, frame int, want string) {
		t.Helper()
		b.drawn()
		if got := get[string](b, fmt.Sprintf(labels, frame)); got != want {
			t.Errorf("%s: the curves are %q, want %q", what, got, want)
		}
	}
	// pick goes to the n-th map of the open menu and ticks it.
	pick := func(n int) {
		t.Helper()
		b.run(chromedp.Evaluate(fmt.Sprintf(`document.querySelectorAll("#lines .menu input")[%d].focus()`, n), nil), chromedp.KeyEvent(" "))
	}
	if got := get[string](b, `[...document.querySelectorAll("#lines .menu label")].map(l => l.textContent.trim()).join()`); got != "line,hinge,between,surface at β = 0" {
		t.Errorf("the menu offers %q", got)
	}
	one := "batch_size=128, weight_decay=0, %s; batch_size=8192, weight_decay=0, %s; batch_size=128, weight_decay=0.0001, %s"
	of := func(format, what string) string { return strings.ReplaceAll(format, "%s", what) }
	both := func(what string) string {
		var out []string
		for _, name := range strings.Split(of(one, what), "; ") {
			out = append(out, name+"train", name+"test")
		}
		return strings.Join(out, "; ")
	}
	check("at first", 0, both(""))
	if got := get[string](b, `document.querySelector("#lines .legend").textContent`); !strings.Contains(got, " Map: line.") {
		t.Errorf("the lines do not name their map: %s", got)
	}
	b.run(chromedp.Evaluate(`document.querySelector("#lines .menu summary").focus()`, nil), chromedp.KeyEvent(kb.Enter))
	pick(0) // off
	pick(3)
	check("slices of surfaces", 0, of(one, "train"))
	pressed := `[...document.querySelectorAll("#lines .curves .u-series th[role=button]")].slice(0, 3).map(h => h.ariaPressed).join()`
	b.run(chromedp.Evaluate(`document.querySelector("#lines .u-series:nth-child(3) th").focus()`, nil), chromedp.KeyEvent(kb.Enter))
	if got := get[string](b, pressed); got != "true,false,true" {
		t.Errorf("after a curve is hidden by a key, the curves are shown: %s", got)
	}
	b.run(chromedp.KeyEvent(kb.Enter))
	if got := get[string](b, pressed); got != "true,true,true" {
		t.Errorf("after it is shown again, the curves are shown: %s", got)
	}
	if got := get[string](b, `document.querySelector("#lines .curves").getAttribute("aria-label")`); !strings.HasPrefix(got, "loss along a line: batch_size=128") {
		t.Errorf("the plot is called %q", got)
	}
	// The middle of the slice is that of the surface.
	x, y := b.at("#lines .curves .u-over", 0.5, 0.5)
	b.move(x, y)
	want := fmt.Sprintf("%.4g", d.Experiments[0].Maps[0].Grid.Loss[17*8+8])
	if got := get[string](b, `document.querySelectorAll("#lines .u-series")[1].cells[1].textContent`); got != want {
		t.Errorf("at the middle of the slice it says %q, want %s", got, want)
	}
	pick(0)
	pick(1)
	check("a map with another score", 1, strings.Join([]string{
		"batch_size=128, weight_decay=0, line, train", "batch_size=128, weight_decay=0, line, test",
		"batch_size=128, weight_decay=0, hinge, top-5 accuracy, train", "batch_size=128, weight_decay=0, hinge, top-5 accuracy, test",
		"batch_size=8192, weight_decay=0, line, train", "batch_size=8192, weight_decay=0, line, test",
		"batch_size=8192, weight_decay=0, hinge, top-5 accuracy, train", "batch_size=8192, weight_decay=0, hinge, top-5 accuracy, test",
		"batch_size=128, weight_decay=0.0001, line, train", "batch_size=128, weight_decay=0.0001, line, test",
		"batch_size=128, weight_decay=0.0001, hinge, top-5 accuracy, train", "batch_size=128, weight_decay=0.0001, hinge, top-5 accuracy, test",
		"batch_size=128, weight_decay=0, surface at β = 0, train", "batch_size=8192, weight_decay=0, surface at β = 0, train",
	}, "; "))
	if got := get[string](b, `document.querySelector("#lines [role=status]").textContent`); !strings.HasPrefix(got, "The first 8 of 9 lines are drawn") {
		t.Errorf("of nine lines it says %q", got)
	}
	if n := get[int](b, `new Set([...document.querySelectorAll("#lines .curves")[0].querySelectorAll(".u-marker")].slice(1).map(m => m.style.borderColor)).size`); n != 8 {
		t.Errorf("eight lines have %d colors", n)
	}
	b.run(chromedp.KeyEvent(kb.Escape))
	if got := get[string](b, `document.querySelector("#lines .menu").open + " " + document.activeElement.textContent`); got != "false Maps" {
		t.Errorf("after Escape the menu is open, and the focus: %s", got)
	}
	// Of one experiment all lines are shown at first.
	d.Experiments, d.Comparisons = d.Experiments[:1], nil
	b.done()
	b = open(t, d, 390, 844)
	check("one experiment", 0, "line, train; line, test; hinge, train; hinge, test")
	b.done()
}

// TestNumbersAtAxes: numbers at an axis are as far apart as their ticks.
func TestNumbersAtAxes(t *testing.T) {
	d := sampleAtlas(1, 9)
	loss := d.Experiments[0].Maps[0].Grid.Loss
	low, high := slices.Min(loss), slices.Max(loss)
	for i, v := range loss {
		loss[i] = 2.27 + 0.0135*(v-low)/(high-low)
	}
	b := open(t, d, 1280, 900)
	picture := string(b.download(`[...document.querySelectorAll(".card button")].find(b => b.textContent === "contours (SVG)").click()`, "fig3-batch_size=128-weight_decay=0-surface-train-loss-contours.svg"))
	for _, want := range []string{">2.2725<", ">2.275<", ">2.2775<"} {
		if !strings.Contains(picture, want) {
			t.Errorf("the picture has no number %s", want)
		}
	}
	b.done()
}

// TestFewCurves: of more than eight trainings or spectra that are compared the first eight are drawn, which a note says.
func TestFewCurves(t *testing.T) {
	b := open(t, sampleAtlas(9, 9), 1280, 900)
	said := func(section string) string {
		return get[string](b, `(() => { const s = document.querySelector("`+section+`"), n = s.querySelector("[role=status]"); return s.querySelector(".u-legend").rows.length - 1 + " " + (n.hidden ? "" : n.textContent); })()`)
	}
	want := map[string][2]string{
		"#trainings": {"8 ", "16 The first 8 of 9 trainings are drawn; choose fewer experiments in the table to see the others."},
		"#spectra":   {"4 ", "8 The first 8 of 9 spectra are drawn; choose fewer experiments in the table to see the others."},
	}
	for k, press := range []string{"", `[...document.querySelectorAll("#table-tools button")].find(b => b.textContent === "Compare all shown").click()`} {
		b.run(chromedp.Evaluate(press+";0", nil))
		for section, want := range want {
			if got := said(section); got != want[k] {
				t.Errorf("%s after %q: %q, want %q", section, press, got, want[k])
			}
		}
	}
	b.done()
}

// TestOneEpoch: a training of one epoch is a dot for each split, filled and hollow, in plots and legends, and its epoch the one number at the axis. On a
// logarithmic axis, the curves of losses that are nearly equal fill the frame.
func TestOneEpoch(t *testing.T) {
	d := sampleAtlas(1, 9)
	d.Experiments[0].Training = sampledLog(1)
	b := open(t, d, 1280, 900)
	markers := `[...document.querySelectorAll("#trainings .curves:first-child .u-marker")].slice(1).map(m => m.classList.contains("lone") ? (m.style.background === "none" ? "hollow" : "filled") : "line").join()`
	told := `[...document.querySelectorAll("#trainings .legend span")].filter(s => !s.hidden).map(s => s.textContent.trim()).join()`
	if got := get[string](b, markers+" + ' ' + "+told); got != "filled,hollow One epoch is a dot: filled for the training set, hollow for the test set." {
		t.Errorf("one epoch: %q", got)
	}
	// In the middle of the plot stand a filled and a hollow dot in the first color: the column through them has two pieces of the ring, and the disc.
	b.at("#trainings .curves canvas", 0.5, 0.5)
	column := `(() => { const u = document.querySelector("#trainings .u-over"), c = u.parentNode.querySelector("canvas"), r = u.getBoundingClientRect(), q = c.getBoundingClientRect(); ` + pixels + `
		const x = Math.round((r.left + r.width / 2 - q.left) * c.width / q.width), blue = (y) => p[4 * (y * c.width + x) + 2] - p[4 * (y * c.width + x)] > 80;
		const runs = []; for (let y = 0, n = 0; y <= c.height; y++) { if (y < c.height && blue(y)) n++; else { if (n) runs.push(n); n = 0; } }
		return runs; })()`
	if runs := get[[]int](b, column); len(runs) != 3 || runs[2] < 2*runs[0] || runs[2] < 6 {
		t.Errorf("down the middle of the plot, pieces of the color are %v pixels long, want two short ones of a ring and a disc", runs)
	}
	b.done()
	d.Experiments[0].Training = sampledLog(5)
	for i := range d.Experiments[0].Training.Epochs {
		e := &d.Experiments[0].Training.Epochs[i]
		e.TrainLoss, e.TestLoss = 2.30-0.01*trainlog.Number(i), 2.31-0.01*trainlog.Number(i)
	}
	b = open(t, d, 1280, 900)
	if got := get[string](b, markers+" + ' ' + "+told); got != "line,line Dashed vertical lines: steps of the learning rate." {
		t.Errorf("five epochs: %q", got)
	}
	b.at("#trainings .curves canvas", 0.5, 0.5)
	if share := get[float64](b, `(() => { const c = document.querySelector("#trainings canvas"), u = document.querySelector("#trainings .u-over"); `+pixels+`
		let top = c.height, bottom = 0; for (let i = 0; i < p.length; i += 4) if (p[i + 2] - p[i] > 80) { const y = Math.floor(i / 4 / c.width); top = Math.min(top, y); bottom = Math.max(bottom, y); }
		return (bottom - top) / (u.clientHeight * c.height / c.clientHeight); })()`); share < 0.6 {
		t.Errorf("losses from 2.26 to 2.31 take %.2f of the frame's height", share)
	}
	b.done()
}

// TestKeyboardFocus chooses maps and experiments by keyboard: the control keeps the focus, though the page refills its parent.
func TestKeyboardFocus(t *testing.T) {
	b := open(t, sampleAtlas(3, 9), 1280, 900)
	b.run(chromedp.Evaluate(`document.querySelector("#landscapes .menu").open = true; document.querySelectorAll("#landscapes .menu input")[1].focus()`, nil), chromedp.KeyEvent(" "))
	b.drawn()
	focus := `document.activeElement.closest("label")?.textContent.trim() + " " + document.activeElement.checked`
	if got := get[string](b, focus); got != "batch_size=8192,weight_decay=0 false" {
		t.Errorf("after an experiment is taken out of the comparison the focus is on %q", got)
	}
	b.run(chromedp.Evaluate(`const shows = [...document.querySelectorAll("#landscapes .control")].find(c => c.textContent.startsWith("shows")).querySelector("select"); shows.focus()`, nil), chromedp.KeyEvent(kb.ArrowDown))
	b.drawn()
	if got := get[string](b, `document.activeElement.closest("label")?.firstChild.textContent + " " + document.activeElement.value`); got != "shows accuracy" {
		t.Errorf("after another quantity is chosen the focus is on %q", got)
	}
	b.done()
}

// TestManyLandscapes opens a page of fifty. How fast is the benchmark's business; here it must only not be slow by an order.
func TestManyLandscapes(t *testing.T) {
	d := fifty(t)
	page, err := Page(d)
	if err != nil {
		t.Fatal(err)
	}
	if len(page) > defaultMaxBytes {
		t.Errorf("the page has %d bytes, more than %d", len(page), defaultMaxBytes)
	}
	b := open(t, d, 1280, 900)
	if ms := get[float64](b, opened); ms > 20000 {
		t.Errorf("the page needed %.0f ms to open", ms)
	}
	b.run(chromedp.Evaluate(`[...document.querySelectorAll("#table-tools button")].find(x => x.textContent === "Compare all shown").click()`, nil))
	b.at(".card:nth-child(50)", 0, 0)
	b.drawn()
	if n := b.colours(".card:nth-child(50) .space"); n < 100 {
		t.Errorf("the last of 50 surfaces has %d colours", n)
	}
	b.done()
}

// fifty is a page of fifty experiments, each with a surface of 51×51 points, a Hessian map, two lines, a spectrum and four pictures.
func fifty(t testing.TB) Data {
	d, drawn := sampleAtlas(50, 51), samplePage(t, 4)
	for i := range d.Experiments {
		d.Experiments[i].Pictures = drawn.Experiments[i%4].Pictures
	}
	return d
}

// opened is the time from the start of a page to its first two frames, in milliseconds.
const opened = `new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(performance.now()))))`

// BenchmarkOpen50 opens a page of fifty landscapes of 51×51 points; the metric is what the browser measures.
func BenchmarkOpen50(b *testing.B) {
	d := fifty(b)
	tab := open(b, d, 1280, 900)
	total, n := 0.0, 0
	for b.Loop() {
		tab.run(chromedp.Reload(), chromedp.WaitReady("footer"))
		total, n = total+get[float64](tab, opened), n+1
	}
	b.ReportMetric(total/float64(n), "ms/open")
}

// TestCheckpoints: of a training that is watched the latest checkpoints are compared, they and their rows the latest first, also after more appear; and every column that is
// shown is a curve from checkpoint to checkpoint.
func TestCheckpoints(t *testing.T) {
	d := sampleAtlas(6, 9)
	d.Watched = true
	for i := range d.Experiments {
		e := &d.Experiments[i]
		e.Name = fmt.Sprintf("import=epoch_%d.pth", i+1)
		e.Params, e.Training, e.Group = []Pair{{"train.import", fmt.Sprintf("epoch_%d.pth", i+1)}}, nil, ""
	}
	b := open(t, d, 1280, 900)
	cards := `[...document.querySelectorAll(".card")].map(c => c.textContent.match(/epoch_\d/)[0]).join()`
	plots := `[...document.querySelectorAll("#across .curves")].filter(c => !c.hidden).map(c => c.getAttribute("aria-label").split(":")[0]).join()`
	numbers := `[...document.querySelectorAll("#across .links button")].find(b => b.textContent === "CSV").click()`
	check := func(what, script, want string) {
		t.Helper()
		b.drawn()
		if got := get[string](b, script); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	check("rows", `[...document.querySelectorAll("#experiments tbody tr")].map(r => r.textContent.match(/epoch_\d/)[0]).join()`, "epoch_6,epoch_5,epoch_4,epoch_3,epoch_2,epoch_1")
	check("cards", cards, "epoch_6,epoch_5,epoch_4,epoch_3")
	check("plots", plots, "train loss,test loss,test error (%),width0.5,convex (%),λmax,λmin,mean |λmin/λmax|")
	if csv := string(b.download(numbers, "fig3-train-loss.csv")); !strings.HasPrefix(csv, "\"import\",\"train loss\"\n\"epoch_1.pth\",") {
		t.Errorf("the numbers of the first curve are %q", csv)
	}
	b.run(chromedp.Evaluate(`document.querySelector("#table-tools .picks").children[2].querySelector("input").click()`, nil))
	check("plots after a column is hidden", plots, "train loss,test error (%),width0.5,convex (%),λmax,λmin,mean |λmin/λmax|")
	b.run(chromedp.Evaluate(`document.querySelector('th[data-path="train.import"] button').click()`, nil))
	check("cards of a sorted table", cards, "epoch_3,epoch_4,epoch_5,epoch_6")
	b.run(chromedp.Evaluate(`document.querySelector("tbody input[type=checkbox]").click()`, nil))
	check("cards that the reader chose", cards, "epoch_1,epoch_3,epoch_4,epoch_5,epoch_6")
	b.done()
	// Weights that a sweep file names keep its order.
	d.Watched = false
	b = open(t, d, 1280, 900)
	check("rows of a sweep file", `[...document.querySelectorAll("#experiments tbody tr")].map(r => r.textContent.match(/epoch_\d/)[0]).join()`, "epoch_1,epoch_2,epoch_3,epoch_4,epoch_5,epoch_6")
	check("cards of a sweep file", cards, "epoch_1,epoch_2,epoch_3,epoch_4")
	b.done()
}

// TestLegends: the legend below a plot has values only while a place is pointed at, and that of the table explains the marks in its shown columns.
func TestLegends(t *testing.T) {
	d := sampleAtlas(2, 9)
	for i := range d.Experiments {
		d.Experiments[i].Flatness[0].Summary = []surface.Summary{{Name: "width0.5", Mean: 0.4, Deviation: 0.07, SE: 0.03}, {Name: "width1", Mean: 2, Deviation: math.NaN(), Bounds: 1}}
	}
	b := open(t, d, 1280, 900)
	marks := `[...document.querySelectorAll("[data-mark]")].filter(s => !s.hidden).map(s => s.textContent.split(":")[0]).join()`
	if got := get[string](b, marks); got != "±,sampling ±" {
		t.Errorf("the table's legend explains %q", got)
	}
	b.run(chromedp.Evaluate(`[...document.querySelectorAll(".picks label")].find(l => l.textContent.includes("width1")).querySelector("input").click()`, nil))
	if got := get[string](b, marks); got != "±,sampling ±,>" {
		t.Errorf("the table's legend explains %q after a column with a lower bound is shown", got)
	}
	legend := `(() => { const rows = [...document.querySelectorAll("#trainings .u-legend")][0].rows; return getComputedStyle(rows[0]).visibility + " " + [...rows].filter(r => r.cells[1].textContent).length; })()`
	if got := get[string](b, legend); got != "hidden 0" {
		t.Errorf("before the pointer is over the plot its legend is %q", got)
	}
	x, y := b.at("#trainings .u-over", 0.5, 0.5)
	b.move(x, y)
	if got := get[string](b, legend); got != "visible 5" {
		t.Errorf("with the pointer over the plot its legend is %q", got)
	}
	b.done()
}
