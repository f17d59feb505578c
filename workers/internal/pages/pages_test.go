package pages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/activities/runner"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/pages"
	"lossatlas/workers/internal/progress"
)

const secret = "a-secret-that-no-page-may-show"

// half is a sweep of two experiments in a real store: the first is trained and
// its surface under way, the second has not begun.
type half struct {
	store *artifacts.Store
	mu    sync.Mutex // of what changes while a server looks
	sweep *pages.Sweep
	// watched is the folder that a process watches for it.
	watched string
}

// look is the sweep at this moment.
func (h *half) look() *pages.Sweep {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := *h.sweep
	s.Now.Steps = slices.Clone(s.Now.Steps)
	return &s
}

const sweepFile = `name: half
title: <script>alert("title")</script>
dataset: {name: shapes10, train: 64, test: 64}
train: {net: small, epochs: 1, batch_size: 32}
sweep: {train.seed: [1, 2]}
maps: [{kind: surface, resolution: 5, images: 64}]
compare: [{kind: interpolation, between: ["seed=1", "seed=2"], points: 5}]
`

const numerics = "go"

func newHalf(t *testing.T) *half {
	t.Helper()
	srv, err := s3.Start(t.Context(), s3.Options{Dir: filepath.Join(t.TempDir(), "objects"), Addr: "127.0.0.1:0", AccessKey: "tester", SecretKey: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Stop() })
	store, err := artifacts.Open(t.Context(), artifacts.Config{Endpoint: srv.Addr(), AccessKey: "tester", SecretKey: secret, Bucket: "lossatlas", Region: "us-east-1"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	parsed, err := sweepfile.Parse("half.yaml", []byte(sweepFile), launch.Catalog(), "")
	if err != nil {
		t.Fatal(err)
	}
	g, err := parsed.Expand(artifacts.Of(nil).String())
	if err != nil {
		t.Fatal(err)
	}
	h := &half{store: store, sweep: &pages.Sweep{
		Root:  artifacts.Root{Sweep: "half", RunID: "run", State: artifacts.StateRunning, Started: time.Now()},
		Graph: g, State: artifacts.StateRunning, Steps: map[string]artifacts.RootStep{}, Now: progress.Waiting(g), Numerics: numerics,
	}}
	log, err := json.Marshal(trainlog.Log{Final: trainlog.Final{TrainLoss: 0.5, TestLoss: 0.75, TestAccuracy: 87.5}})
	if err != nil {
		t.Fatal(err)
	}
	h.finish(t, "seed=1/train", map[string][]byte{"weights": []byte("weights"), "log": log})
	h.finish(t, "seed=1/surface-directions", map[string][]byte{"directions": []byte("directions")})
	return h
}

// input is what a step is started with.
func (h *half) input(t *testing.T, id string) runner.Job {
	t.Helper()
	for _, p := range h.sweep.Graph.All() {
		if p.Step.ID == id {
			inputs := map[string]runner.Input{}
			for name, ref := range p.Step.Inputs {
				from := h.sweep.Steps[ref.Step]
				if _, ok := from.Outputs[ref.Output]; !ok {
					t.Fatalf("%s can't be started before %s", id, ref.Step)
				}
				inputs[name] = runner.Input{Digest: from.Outputs[ref.Output].Digest, Producer: from.Key}
			}
			in, err := runner.NewJob(p.Step, inputs, numerics)
			if err != nil {
				t.Fatal(err)
			}
			return in
		}
	}
	t.Fatalf("there is no step %s", id)
	return runner.Job{}
}

// finish records the outputs of a step, as its worker would.
func (h *half) finish(t *testing.T, id string, outputs map[string][]byte) {
	t.Helper()
	in := h.input(t, id)
	blobs := map[string]artifacts.Blob{}
	for name, b := range outputs {
		blob, err := h.store.Put(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		blobs[name] = blob
	}
	if _, err := h.store.PutAction(t.Context(), artifacts.Action{Key: in.Key, Recipe: in.Recipe, Outputs: blobs, Made: artifacts.Provenance{At: time.Now(), WorkflowID: in.WorkflowID(), RunID: "r"}}); err != nil {
		t.Fatal(err)
	}
	h.sweep.Steps[id] = artifacts.RootStep{Kind: in.Recipe.Kind, Key: in.Key, State: artifacts.StateRan, Outputs: blobs}
	h.now(id, artifacts.StateRan)
}

func (h *half) now(id, state string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.sweep.Now.Steps {
		if s := &h.sweep.Now.Steps[i]; s.ID == id {
			s.State = state
		}
	}
}

// chunk stores points of the surface, as its worker does while it computes.
func (h *half) chunk(t *testing.T, i int, indices ...int) {
	t.Helper()
	var points []surface.Point
	for _, index := range indices {
		points = append(points, surface.Point{Index: index, Loss: 1 + float64(index), Accuracy: 50})
	}
	if i == 0 {
		points[0].Loss = math.NaN()
	}
	if err := h.store.PutPart(t.Context(), h.input(t, "seed=1/surface-train").Key, fmt.Sprintf("points-%05d", i), surface.EncodePoints(points)); err != nil {
		t.Fatal(err)
	}
}

func (h *half) serve() *pages.Server {
	return pages.New(pages.Options{
		Store: h.store, UI: "http://127.0.0.1:8233/", Namespace: "space", Log: zerolog.Nop(),
		Sweeps: func(context.Context) ([]*pages.Sweep, error) { return []*pages.Sweep{h.look()}, nil },
		Sweep: func(_ context.Context, name string) (*pages.Sweep, error) {
			if name == "half" {
				return h.look(), nil
			}
			return nil, artifacts.ErrNotFound
		},
		Watched: func(string) string { return h.watched },
	})
}

// get asks for a path of the server, as a browser on this machine does.
func get(t *testing.T, s http.Handler, path string, change ...func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:1234"+path, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), secret) {
		t.Fatalf("%s shows the secret of the store", path)
	}
	return w.Result(), string(b)
}

func state(t *testing.T, s http.Handler) pages.State {
	t.Helper()
	var out pages.State
	if r, body := get(t, s, "/sweeps/half/state.json"); r.StatusCode != http.StatusOK || json.Unmarshal([]byte(body), &out) != nil {
		t.Fatalf("%s: %s", r.Status, body)
	}
	return out
}

// TestHalfFinished: the page shows the results so far, says what is missing, and changes when more comes.
func TestHalfFinished(t *testing.T) {
	h := newHalf(t)
	s := h.serve()
	h.now("seed=1/surface-train", artifacts.StateRunning)
	first := state(t, s)
	if !first.Live || first.Done != 2 || first.Report || len(first.TestErrors) != 1 || first.TestErrors[0] != 12.5 {
		t.Errorf("the state is %+v", first)
	}
	if o := first.Open[0]; o.Step != "seed=1/surface-train" || o.State != "running" || !strings.HasPrefix(o.Run, "http://127.0.0.1:8233/namespaces/space/workflows/surface-small-train-5x5-") {
		t.Errorf("what runs is not first: %+v", o)
	}
	r, page := get(t, s, "/sweeps/half/page")
	if r.StatusCode != http.StatusOK || !strings.Contains(page, "This map is not computed yet.") || !strings.Contains(page, "12.50") || !strings.Contains(page, "The training is not done yet.") {
		t.Errorf("%s: the page does not say what is there and what is not", r.Status)
	}
	if strings.Contains(page, "<script>alert") || !strings.Contains(page, "&lt;script&gt;alert(&#34;title&#34;)") {
		t.Error("the title is not shown as it was written")
	}
	tag := r.Header.Get("ETag")
	h.chunk(t, 0, 0, 4, 20, 24)
	h.chunk(t, 1, 2, 10, 12, 14, 22)
	second := state(t, s)
	if second.Version == first.Version {
		t.Error("the version of the page is the same after points have come")
	}
	r, page = get(t, s, "/sweeps/half/page", func(r *http.Request) { r.Header.Set("If-None-Match", tag) })
	if r.StatusCode != http.StatusOK || !strings.Contains(page, "9 of 25 points are there.") {
		t.Errorf("%s: the page does not show the points that are there", r.Status)
	}
	tag = r.Header.Get("ETag")
	if r, page = get(t, s, "/sweeps/half/page", func(r *http.Request) { r.Header.Set("If-None-Match", tag) }); r.StatusCode != http.StatusNotModified || page != "" {
		t.Errorf("%s for a page that has not changed", r.Status)
	}
	if again := state(t, s); again.Version != second.Version {
		t.Error("the version changes by itself")
	}
	if r, _ := get(t, s, "/sweeps/half/report.html"); r.StatusCode != http.StatusNotFound {
		t.Errorf("%s for a report that is not there yet", r.Status)
	}
	_, frame := get(t, s, "/sweeps/half/")
	for _, want := range []string{`data-live="true"`, `data-version="` + second.Version + `"`, `<iframe src="page"`, "2/19 steps done", `href="http://127.0.0.1:8233/namespaces/space/workflows/sweep-half"`, "<noscript><meta http-equiv"} {
		if !strings.Contains(frame, want) {
			t.Errorf("the frame has no %s:\n%s", want, frame)
		}
	}
	if strings.Contains(frame, "<script>alert") {
		t.Error("the title is a script in the frame")
	}
}

// TestFinished: a sweep that is done serves its report as it is stored, and no longer asks to be looked at again.
func TestFinished(t *testing.T) {
	h := newHalf(t)
	h.sweep.State, h.sweep.Root.State, h.sweep.Root.Finished = artifacts.StateFailed, artifacts.StateFailed, time.Now()
	html := []byte("<!DOCTYPE html><title>stored</title>")
	blob, err := h.store.Put(t.Context(), html)
	if err != nil {
		t.Fatal(err)
	}
	h.sweep.Steps["report"] = artifacts.RootStep{Kind: "report", State: artifacts.StateRan, Outputs: map[string]artifacts.Blob{"html": blob}}
	h.sweep.Steps["seed=2/train"] = artifacts.RootStep{Kind: "train", State: artifacts.StateFailed, Error: "out of <memory>"}
	for i := range h.sweep.Now.Steps {
		if st := &h.sweep.Now.Steps[i]; st.ID == "seed=2/train" {
			st.State, st.Error = artifacts.StateFailed, "out of <memory>"
		}
	}
	s := h.serve()
	r, body := get(t, s, "/sweeps/half/report.html")
	if r.StatusCode != http.StatusOK || body != string(html) || r.Header.Get("ETag") != `"`+blob.Digest.Hex()+`"` {
		t.Errorf("%s: %q", r.Status, body)
	}
	now := state(t, s)
	if now.Live || !now.Report || now.Open[0].Note != "out of <memory>" {
		t.Errorf("the state is %+v", now)
	}
	_, frame := get(t, s, "/sweeps/half/")
	if strings.Contains(frame, "http-equiv") || strings.Contains(frame, "<memory>") || !strings.Contains(frame, "out of &lt;memory&gt;") {
		t.Errorf("the frame is\n%s", frame)
	}
	h.watched = "/runs"
	if now := state(t, s); !now.Live || now.Doing != "watching" || now.Summary != "/runs for checkpoints, 0 mapped so far" {
		t.Errorf("while its folder is watched the state is %+v", now)
	}
	if _, page := get(t, s, "/sweeps/half/page"); strings.Contains(page, "is not there yet.") || !strings.Contains(page, "lossatlas show half") {
		t.Error("the page of a failed sweep promises more to come")
	}
	for i := range h.sweep.Now.Steps {
		if h.sweep.Now.Steps[i].State = artifacts.StateCached; strings.HasPrefix(h.sweep.Now.Steps[i].ID, "seed=1/") {
			h.sweep.Now.Steps[i].State = artifacts.StateRan
		}
	}
	want := "/runs for checkpoints, 2 mapped so far, the last one 1 at " + h.sweep.Root.Finished.Local().Format(time.DateTime)
	if now := state(t, s); now.Summary != want {
		t.Errorf("of two mapped checkpoints it says %q, want %q", now.Summary, want)
	}
}

// TestFailedTraining: in a sweep that is stopped, or continues, what needs a training that failed is not promised, and
// counts as missing with the maps and pictures that were planned; the index counts every step.
func TestFailedTraining(t *testing.T) {
	h := newHalf(t)
	h.sweep.State = artifacts.StateInterrupted
	s := h.serve()
	for i := range h.sweep.Now.Steps {
		if st := &h.sweep.Now.Steps[i]; st.State == artifacts.StateWaiting {
			st.State = artifacts.StateNotRun
		}
	}
	h.now("seed=1/surface-train", artifacts.StateInterrupted)
	before := state(t, s).Version
	if _, page := get(t, s, "/sweeps/half/page"); !strings.Contains(page, "The training is not done yet.") || !strings.Contains(page, "Not there yet: 1 of 2 trainings, 4 of 4 maps, 7 of 7 pictures.") {
		t.Errorf("the page says %q", regexp.MustCompile(`Not there yet[^<]*`).FindString(page))
	}
	h.now("seed=2/train", artifacts.StateFailed)
	if _, page := get(t, s, "/sweeps/half/page"); strings.Contains(page, "The training is not done yet.") || !strings.Contains(page, "The training has no result; `lossatlas show half` says why.") ||
		!strings.Contains(page, "There is nothing to compare: the training of seed=2 has no result") || !strings.Contains(page, "This map is not computed yet.") {
		t.Error("the page promises what needs a training that failed")
	}
	if state(t, s).Version == before {
		t.Error("the version of the page is the same after a training has failed")
	}
	if _, body := get(t, s, "/"); !strings.Contains(body, "2 of 19") || !strings.Contains(body, "1 failed") || !strings.Contains(body, "1 interrupted") || !strings.Contains(body, "15 not run") {
		t.Errorf("the index does not count every step:\n%s", body)
	}
}

// TestIndex: all sweeps with their state, for people and programs.
func TestIndex(t *testing.T) {
	h := newHalf(t)
	s := h.serve()
	_, body := get(t, s, "/")
	for _, want := range []string{`href="/sweeps/half/"`, "&lt;script&gt;", "12.50 %", "2 of 19", "running"} {
		if !strings.Contains(body, want) {
			t.Errorf("the index has no %s:\n%s", want, body)
		}
	}
	var list pages.Index
	if _, body = get(t, s, "/sweeps.json"); json.Unmarshal([]byte(body), &list) != nil || len(list.Sweeps) != 1 || !list.Live || list.Sweeps[0].Page != "/sweeps/half/" {
		t.Errorf("as JSON it is %s", body)
	}
	none := pages.New(pages.Options{Store: h.store, Sweeps: func(context.Context) ([]*pages.Sweep, error) { return nil, nil }})
	if _, body := get(t, none, "/"); !strings.Contains(body, "No sweep was run yet") {
		t.Errorf("without sweeps the index is\n%s", body)
	}
}

// TestWhatMayBeAsked: only to read, only what there is.
func TestWhatMayBeAsked(t *testing.T) {
	h := newHalf(t)
	s := h.serve()
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	method := func(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
	for _, c := range []struct {
		what   string
		path   string
		change func(*http.Request)
		want   int
	}{
		{"HEAD", "/sweeps/half/page", method(http.MethodHead), http.StatusOK},
		{"POST", "/", method(http.MethodPost), http.StatusMethodNotAllowed},
		{"DELETE", "/sweeps/half/", method(http.MethodDelete), http.StatusMethodNotAllowed},
		{"OPTIONS", "/sweeps.json", method(http.MethodOptions), http.StatusMethodNotAllowed},
		{"unknown sweep", "/sweeps/other/", host("localhost"), http.StatusNotFound},
		{"no sweep's name", "/sweeps/..%2f..%2fetc/page", host("localhost"), http.StatusNotFound},
		{"a name without its slash", "/sweeps/half", host("localhost"), http.StatusFound},
		{"nothing", "/favicon.ico", host("localhost"), http.StatusNotFound},
	} {
		r, body := get(t, s, c.path, c.change)
		if r.StatusCode != c.want {
			t.Errorf("%s: %s, want %d\n%s", c.what, r.Status, c.want, body)
		}
		if r.Header.Get("Access-Control-Allow-Origin") != "" || !strings.Contains(r.Header.Get("Content-Security-Policy"), "frame-ancestors 'self'") {
			t.Errorf("%s: the headers are %v", c.what, r.Header)
		}
	}
}
