package atlas

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"

	"lossatlas/activities/render"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

func TestPageIsSelfContainedAndSmall(t *testing.T) {
	d := samplePage(t, 10)
	page, err := Page(d)
	if err != nil {
		t.Fatal(err)
	}
	if len(page) > defaultMaxBytes {
		t.Errorf("a page of 10 experiments has %d bytes, more than %d", len(page), defaultMaxBytes)
	}
	if again, err := Page(d); err != nil || !bytes.Equal(again, page) {
		t.Errorf("the page differs from one making to the next (%v)", err)
	}
	if n := bytes.Count(page, []byte("<figure style=")); n != 40 {
		t.Errorf("%d figures, want 40", n)
	}
	// Whatever the page refers to lies inside it. Scripts are held to it by the policy, and in a browser by another test.
	markup := regexp.MustCompile(`(?s)<script>.*?</script>`).ReplaceAll(page, nil)
	for _, m := range regexp.MustCompile(`(?i)\s(?:src|href|action|srcset)=["']([^"']{0,20})|url\(|@import`).FindAllSubmatch(markup, -1) {
		if ref := string(m[1]); !strings.HasPrefix(ref, "data:") && !strings.HasPrefix(ref, "#") {
			t.Errorf("the page refers to %q (%q)", ref, m[0])
		}
	}
}

// Pictures have the width that they have on paper, where one of two panels is wider and scrolls on a phone; it offers the numbers behind it.
func TestPageShowsAPath(t *testing.T) {
	path, plane := spiral(9)
	f, err := render.Trajectory(path, plane, nil, picture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	picture := Picture{Title: "Path", Data: []File{{Label: "path (CSV)", Ext: "path.csv", Type: "text/csv", Data: []byte("epoch\n")}}}
	if picture.PNG, err = f.PNG(); err != nil {
		t.Fatal(err)
	}
	if picture.SVG, err = f.SVG(); err != nil {
		t.Fatal(err)
	}
	d := samplePage(t, 1)
	d.Experiments[0].Pictures = append(d.Experiments[0].Pictures, picture)
	page, err := Page(d)
	if err != nil {
		t.Fatal(err)
	}
	var sizes []string
	for _, m := range regexp.MustCompile(`<figure style="--size: (\d+px)">\s*<div class="paper"( tabindex="0")?`).FindAllSubmatch(page, -1) {
		sizes = append(sizes, string(m[1])+string(m[2]))
	}
	if got := strings.Join(sizes, ", "); got != `384px, 384px, 384px, 384px, 768px tabindex="0"` {
		t.Errorf("the pictures are %s wide, want 4 inches each and the path 8, which scrolls", got)
	}
	if !regexp.MustCompile(`download="[^"]*-path\.path\.csv" href='data:text/csv;base64,ZXBvY2gK'>path \(CSV\)<`).Match(page) {
		t.Error("the report does not offer the path")
	}
	d.MaxBytes = 1
	if page, err = Page(d); err != nil || bytes.Contains(page, []byte("data:text/csv")) {
		t.Errorf("a page that is full offers the path all the same (%v)", err)
	}
}

// Text from sweep files stays text, wherever it is shown.
func TestPageEscapesText(t *testing.T) {
	const evil = `<script>alert("x")</script>"' onload=alert(1) javascript:alert(1)`
	m := Map{Name: evil, Kind: evil, Split: evil, Plane: evil, Grid: sampled(3, bowl), Marks: []pipelines.Mark{{X: 0, Y: 0, Label: evil}}, Note: evil, Provenance: []Provenance{{Kind: evil, Key: evil, Run: evil, Items: []Pair{{evil, evil}}}}}
	p := Picture{Title: evil, Caption: evil, Note: evil, Provenance: []Provenance{{Kind: evil, Key: evil, Items: []Pair{{evil, evil}}}}}
	drawn := samplePage(t, 1).Experiments[0].Pictures[0]
	drawn.Title, drawn.Caption = evil, evil
	page, err := Page(Data{Title: evil, Sweep: evil, Summary: evil, Command: evil, Facts: []Pair{{evil, evil}}, Experiments: []Experiment{{
		Name: evil, Params: []Pair{{evil, evil}}, Note: evil, Pictures: []Picture{p, drawn}, Provenance: m.Provenance, Maps: []Map{m},
		Flatness: []Flatness{{Name: evil, Summary: []surface.Summary{{Name: evil}}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	elements := regexp.MustCompile(`(?s)<script[^>]*>.*?</script>`)
	if n := len(elements.FindAll(page, -1)); n != 3 {
		t.Errorf("%d script elements, want the page's numbers, its libraries and its own script", n)
	}
	page = elements.ReplaceAllFunc(page, func(b []byte) []byte { // of these, the one that has text from the sweep
		if !bytes.Contains(b, []byte(`id="numbers"`)) {
			return nil
		}
		if inner := b[bytes.IndexByte(b, '>')+1 : len(b)-len("</script>")]; bytes.ContainsAny(inner, "<>&") {
			t.Errorf("the numbers have markup in them")
		}
		return nil
	})
	if bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte(`href="javascript:`)) {
		t.Error("a script got in")
	}
	unquoted := regexp.MustCompile(`"[^"]*"`).ReplaceAll(page, []byte(`""`))
	for _, m := range regexp.MustCompile(`<[a-z][^>]*\son[a-z]+=`).FindAll(unquoted, -1) {
		t.Errorf("an event handler got into %.200s", m)
	}
	if !bytes.Contains(page, []byte(`&lt;script&gt;`)) {
		t.Error("the text is not shown")
	}
}

// Figures over all experiments come before the sections of each, which keep their rows and IDs.
func TestPageBeginsWithTheOverview(t *testing.T) {
	d := samplePage(t, 2)
	d.Comparisons = []Experiment{{Name: "between two"}, {Name: "All experiments", Overview: true, Pictures: d.Experiments[0].Pictures[:1]}}
	page, err := Page(d)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, m := range regexp.MustCompile(`<h2 id="([^"]*)">`).FindAllSubmatch(page, -1) {
		order = append(order, string(m[1]))
	}
	if got := strings.Join(order, " "); got != "table-head experiment-4 experiment-1 experiment-2 experiment-3" {
		t.Errorf("the sections are %s", got)
	}
	if n := bytes.Count(page, []byte("<tr data-id=")); n != 2 {
		t.Errorf("the table has %d rows", n)
	}
}

func TestPageShowsWhatIsMissing(t *testing.T) {
	nan := math.NaN()
	page, err := Page(Data{Sweep: "s", Experiments: []Experiment{
		{Name: "a", Params: []Pair{{"train.lr", "0.1"}, {"maps.lr", "2"}}, TestLoss: &nan, Note: "training diverged in epoch 3"},
		{Name: "b", Params: []Pair{{"train.seed", "1"}}, Pictures: []Picture{{Title: "p"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"training diverged in epoch 3", "not finite", ">—<", "This picture has not been drawn.", ">train.lr<", ">maps.lr<", ">seed<", "2 experiments."} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if page, err = Page(Data{Sweep: "s", Experiments: []Experiment{{Name: "a", Pictures: []Picture{{SVG: []byte("GIF89a")}}}}}); err == nil {
		t.Errorf("a GIF passed for an SVG: %s", page)
	}
}

// A page that would be too large loses downloads first, then shows the smaller file of each picture, and never a picture.
func TestPageKeepsToItsSize(t *testing.T) {
	d := samplePage(t, 4)
	for i := range d.Experiments {
		for j := range d.Experiments[i].Pictures {
			d.Experiments[i].Pictures[j].Data = []File{{Label: "PDF", Ext: "pdf", Type: "application/pdf", Data: make([]byte, 60_000)}}
		}
	}
	full, err := Page(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{len(full) * 3 / 4, len(full) / 2, 1} {
		d.MaxBytes = limit
		page, err := Page(d)
		if err != nil {
			t.Fatal(err)
		}
		if limit > 1 && len(page) > limit {
			t.Errorf("%d bytes where %d are allowed", len(page), limit)
		}
		if n := bytes.Count(page, []byte("<img id=")); n != 16 {
			t.Errorf("at %d bytes the page shows %d pictures, want 16", limit, n)
		}
		if !bytes.Contains(page, []byte("some downloads were left out")) {
			t.Errorf("at %d bytes nothing says that downloads were left out", limit)
		}
	}
}

// TestImportedWeights: the page shows the training error of imported weights, and nothing of a test set where there is none.
func TestImportedWeights(t *testing.T) {
	loss, miss := 1.25, 17.5
	e := Experiment{Name: "a", TrainLoss: &loss, TrainError: &miss}
	for _, tested := range []bool{false, true} {
		if tested {
			e.TestLoss, e.TestError = &loss, &miss
		}
		page, err := Page(Data{Sweep: "s", Experiments: []Experiment{e}})
		if err != nil {
			t.Fatal(err)
		}
		text := string(page)
		if strings.Count(text, ">train error") != 2 || strings.Count(text, "17.50") < 2 {
			t.Error("the training error is not in the table and in the section")
		}
		if got := strings.Count(text, ">test loss"); got != 2 && tested || got != 0 && !tested {
			t.Errorf("with a test set %v: %d times the test loss", tested, got)
		}
	}
}
