package render

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
)

// sampleReport is a report of n experiments with four pictures each.
func sampleReport(t testing.TB, n int) ReportData {
	t.Helper()
	draw := func(f Figure, err error) (p ReportPicture) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if p.SVG, err = f.SVG(); err != nil {
			t.Fatal(err)
		}
		if p.PNG, err = f.PNG(); err != nil {
			t.Fatal(err)
		}
		return p
	}
	key := "9f2c4e7a1b3d5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"
	d := ReportData{
		Title: "VGG-9: batch size against weight decay", Sweep: "fig3", Command: "lossatlas run pipelines/fig3.yaml",
		Facts: []Pair{{"dataset", "cifar10"}, {"training images", "50,000"}, {"network", "vgg9"}},
	}
	for i := range n {
		trainLoss, testLoss, testError := 0.01*float64(i+1), 0.3+0.02*float64(i), 7.4+0.3*float64(i)
		batch, decay := []string{"128", "8192"}[i%2], []string{"0", "0.0005"}[i/2%2]
		e := ReportExperiment{
			Name:      fmt.Sprintf("batch_size=%s, weight_decay=%s", batch, decay),
			Params:    []Pair{{"train.batch_size", batch}, {"train.optimizer.weight_decay", decay}},
			TrainLoss: &trainLoss, TestLoss: &testLoss, TestError: &testError,
			Provenance: []Provenance{{Kind: "train", Key: key, Items: []Pair{{"weights", "sha256:" + key}, {"seconds", "412.3"}, {"numerics", "xla:sha256:ad1309ac822b:f32:cpu"}}}},
		}
		o := Options{Title: fmt.Sprintf("%s, %s, %.1f %%", decay, batch, testError), Meta: `{"sweep":"fig3"}`}
		surfaceOf := []func(x, y float64) float64{bowl, tilted, chaotic, broken}[i%4]
		line := draw(Line(sampledLine(-1, 1, 51, func(x float64) float64 { return surfaceOf(x, 0) }, func(x float64) float64 { return 100 - 50*x*x }), nil, o))
		line.Title, line.Caption = "Along one direction", "Loss (blue) and accuracy (red) on the training set."
		contour := draw(Contour(sampled(51, surfaceOf), o))
		contour.Title, contour.Caption = "Loss surface", "Lines of equal loss around the minimizer; filter-normalised random directions."
		filled := draw(FilledContour(sampled(51, surfaceOf), o))
		filled.Title = "Loss surface, filled"
		training := draw(Training(sampledLog(300), o))
		training.Title, training.Caption = "Training", "Loss, error and norm of the weights over the epochs."
		e.Pictures = []ReportPicture{line, contour, filled, training}
		for j := range e.Pictures {
			e.Pictures[j].Provenance = []Provenance{{Kind: "render", Key: key, Items: []Pair{{"grid", "sha256:" + key}, {"svg", "sha256:" + key}}}}
		}
		d.Experiments = append(d.Experiments, e)
	}
	return d
}

func TestReportIsSelfContainedAndSmall(t *testing.T) {
	d := sampleReport(t, 10)
	page, err := Report(d)
	if err != nil {
		t.Fatal(err)
	}
	if len(page) > defaultMaxBytes {
		t.Errorf("a page of 10 experiments has %d bytes, more than %d", len(page), defaultMaxBytes)
	}
	if again, err := Report(d); err != nil || !bytes.Equal(again, page) {
		t.Errorf("the page differs from one making to the next (%v)", err)
	}
	if n := bytes.Count(page, []byte("<figure>")); n != 40 {
		t.Errorf("%d figures, want 40", n)
	}
	// Whatever the page refers to lies inside it.
	for _, m := range regexp.MustCompile(`(?i)\s(?:src|href|action|srcset)="([^"]{0,20})|url\(|@import`).FindAllSubmatch(page, -1) {
		if ref := string(m[1]); !strings.HasPrefix(ref, "data:") && !strings.HasPrefix(ref, "#") {
			t.Errorf("the page refers to %q (%q)", ref, m[0])
		}
	}
}

// Text from sweep files stays text, wherever it is shown.
// A picture of two panels takes two columns, and offers the numbers behind it.
func TestReportShowsAPath(t *testing.T) {
	path, plane := spiral(9)
	f, err := Trajectory(path, plane, Options{})
	if err != nil {
		t.Fatal(err)
	}
	picture := ReportPicture{Title: "Path", Data: []ReportFile{{Label: "path (CSV)", Ext: "path.csv", Type: "text/csv", Data: []byte("epoch\n")}}}
	if picture.PNG, err = f.PNG(); err != nil {
		t.Fatal(err)
	}
	d := sampleReport(t, 1)
	d.Experiments[0].Pictures = append(d.Experiments[0].Pictures, picture)
	page, err := Report(d)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(page, []byte(`<figure class="wide">`)); n != 1 {
		t.Errorf("%d figures are wide, want the path alone", n)
	}
	if !regexp.MustCompile(`download="[^"]*-path\.path\.csv" href="data:text/csv;base64,ZXBvY2gK">path \(CSV\)<`).Match(page) {
		t.Error("the report does not offer the path")
	}
	d.MaxBytes = 1
	if page, err = Report(d); err != nil || bytes.Contains(page, []byte("text/csv")) {
		t.Errorf("a page that is full offers the path all the same (%v)", err)
	}
}

func TestReportEscapesText(t *testing.T) {
	const evil = `<script>alert("x")</script>"' onload=alert(1) javascript:alert(1)`
	p := ReportPicture{Title: evil, Caption: evil, Note: evil, Provenance: []Provenance{{Kind: evil, Key: evil, Items: []Pair{{evil, evil}}}}}
	drawn := sampleReport(t, 1).Experiments[0].Pictures[0]
	drawn.Title, drawn.Caption = evil, evil
	page, err := Report(ReportData{Title: evil, Sweep: evil, Summary: evil, Command: evil, Facts: []Pair{{evil, evil}}, Experiments: []ReportExperiment{{
		Name: evil, Params: []Pair{{evil, evil}}, Note: evil, Pictures: []ReportPicture{p, drawn}, Provenance: p.Provenance,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(page, []byte("<script")); n != 1 {
		t.Errorf("%d script elements, want the page's own", n)
	}
	unquoted := regexp.MustCompile(`"[^"]*"`).ReplaceAll(page, []byte(`""`))
	for _, m := range regexp.MustCompile(`<[a-z][^>]*\son[a-z]+=`).FindAll(unquoted, -1) {
		t.Errorf("an event handler got into %.200s", m)
	}
	if !bytes.Contains(page, []byte(`&lt;script&gt;`)) {
		t.Error("the text is not shown")
	}
}

func TestReportShowsWhatIsMissing(t *testing.T) {
	nan := math.NaN()
	page, err := Report(ReportData{Sweep: "s", Experiments: []ReportExperiment{
		{Name: "a", Params: []Pair{{"train.lr", "0.1"}, {"maps.lr", "2"}}, TestLoss: &nan, Note: "training diverged in epoch 3"},
		{Name: "b", Params: []Pair{{"train.seed", "1"}}, Pictures: []ReportPicture{{Title: "p"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"training diverged in epoch 3", "not finite", ">—<", "This picture has not been drawn.", ">train.lr<", ">maps.lr<", ">seed<", "2 experiments."} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if page, err = Report(ReportData{Sweep: "s", Experiments: []ReportExperiment{{Name: "a", Pictures: []ReportPicture{{SVG: []byte("GIF89a")}}}}}); err == nil {
		t.Errorf("a GIF passed for an SVG: %s", page)
	}
}

// A page that would be too large loses downloads first, then shows the smaller file of each picture, and never a picture.
func TestReportKeepsToItsSize(t *testing.T) {
	d := sampleReport(t, 4)
	full, err := Report(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{len(full) * 3 / 4, len(full) / 2, 1} {
		d.MaxBytes = limit
		page, err := Report(d)
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
