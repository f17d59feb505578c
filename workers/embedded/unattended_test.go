package embedded_test

import (
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/embedded"
	"lossatlas/workers/internal/codec"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
)

// plain reads what is not encrypted, as all of an embedded server is.
var plain = (&codec.Codec{}).Converters(nil)

// TestSweepWithoutWorker: a sweep that no worker has touched yet is known, and its steps wait; no one has to answer for that.
func TestSweepWithoutWorker(t *testing.T) {
	c := dial(t, start(t, embedded.Options{}))
	g := &pipelines.Graph{Sweep: "s", Experiments: []pipelines.Experiment{{Name: "e", Steps: []pipelines.Step{{ID: "e/train", Kind: pipelines.KindTrain}}}}}
	digest := artifacts.Of([]byte("graph"))
	in := activities.SweepInput{Sweep: "s", Graph: digest, Experiments: []string{"e"}, Numerics: "go"}
	started, err := launch.Start(t.Context(), c, plain.Data, in, activities.DefaultPriority, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	open, ok, err := launch.OpenSweep(t.Context(), c, plain.Data, "s")
	if err != nil || !ok || open.RunID != started.RunID {
		t.Fatalf("OpenSweep: %+v, %v, %v", open, ok, err)
	}
	if r := open.Record(); r.Sweep != "s" || r.State != artifacts.StateRunning || r.Graph.Digest != digest || r.Numerics != "go" || r.Started.IsZero() {
		t.Errorf("its record is %+v", r)
	}
	began := time.Now()
	s, err := progress.NewPoller(c, artifacts.InMemory(zerolog.Nop()), plain, "lossatlas", g, started.ID, started.RunID).Poll(t.Context())
	if err != nil || len(s.Steps) != 1 || s.Steps[0].State != artifacts.StateWaiting {
		t.Errorf("Poll: %+v, %v", s, err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("Poll took %v, as if it waited for a worker", took)
	}
	if err := c.TerminateWorkflow(t.Context(), started.ID, started.RunID, "from outside"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"s", "other"} { // one that was ended from outside, one that never was
		if _, ok, err := launch.OpenSweep(t.Context(), c, plain.Data, name); ok || err != nil {
			t.Errorf("sweep %s is open: %v, %v", name, ok, err)
		}
	}
}
