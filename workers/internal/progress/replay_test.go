package progress_test

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"

	"lossatlas/artifacts"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
)

// recording is the snapshots of a run that was watched: of each, the seconds since the first and the steps that had changed.
type recording []struct {
	T       float64
	Changed []progress.Step
}

func record(t *testing.T, file string) (r recording) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		r = append(r, recording{{}}...)
		if err := json.Unmarshal(lines.Bytes(), &r[len(r)-1]); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// TestEstimateOfRecordedRuns replays real runs on a machine that was busy with other work, each without and with knowledge
// of earlier runs: the time left comes down steadily, and is near the true one, and the nearer the later.
func TestEstimateOfRecordedRuns(t *testing.T) {
	for name, c := range map[string]struct {
		sweep, run string
		prior      float64 // how long steps took before, as a factor of what they take in the run; 0 for unknown
		most, late float64 // the error allowed, as a share of the whole, at any time and in the last third
		settled    float64 // the share of the whole after which the error counts, where what is known is far off
	}{
		"quickstart":                       {"testdata/quickstart.yaml", "testdata/quickstart.jsonl", 0, 0.25, 0.15, 0},
		"quickstart, compiling slowly":     {"testdata/quickstart.yaml", "testdata/quickstart-loaded.jsonl", 0, 0.35, 0.16, 0},
		"several kinds":                    {"testdata/several-kinds.yaml", "testdata/several-kinds.jsonl", 0, 0.2, 0.05, 0},
		"several kinds, run before":        {"testdata/several-kinds.yaml", "testdata/several-kinds.jsonl", 1, 0.15, 0.05, 0},
		"several kinds, on a faster day":   {"testdata/several-kinds.yaml", "testdata/several-kinds.jsonl", 0.6, 0.42, 0.06, 0},
		"several kinds, 60 times too long": {"testdata/several-kinds.yaml", "testdata/several-kinds.jsonl", 60, 0.5, 0.05, 0.15},
	} {
		t.Run(name, func(t *testing.T) {
			sweep, err := launch.Read(c.sweep, "")
			if err != nil {
				t.Fatal(err)
			}
			g, err := sweep.Expand("sha256:0")
			if err != nil {
				t.Fatal(err)
			}
			r := record(t, c.run)
			prior := map[string]time.Duration{}
			for _, moment := range r {
				for _, step := range moment.Changed {
					if step.State == artifacts.StateRan {
						prior[step.ID] = time.Duration(c.prior * step.Seconds * float64(time.Second))
					}
				}
			}
			e := progress.NewEstimator(g, prior)
			s, whole := progress.Waiting(g), r[len(r)-1].T
			before := math.Inf(1)
			for _, moment := range r {
				for _, step := range moment.Changed {
					for i := range s.Steps {
						if s.Steps[i].ID == step.ID {
							s.Steps[i] = step
						}
					}
				}
				s.At = time.Unix(1000, 0).Add(time.Duration(moment.T * float64(time.Second)))
				got := e.Estimate(s)
				if !got.Known {
					if c.prior > 0 || moment.T > 0.4*whole {
						t.Errorf("after %.0f of %.0f s there is no estimate", moment.T, whole)
					}
					continue
				}
				left, truth := got.Left.Seconds(), whole-moment.T
				t.Logf("after %3.0f s: %3.0f s left, truly %3.0f", moment.T, left, truth)
				most := c.most
				if moment.T > whole*2/3 {
					most = c.late
				}
				if moment.T >= c.settled*whole && math.Abs(left-truth) > most*whole {
					t.Errorf("after %.0f of %.0f s: %.0f s left, want %.0f within %.0f %% of the whole", moment.T, whole, left, truth, 100*most)
				}
				if left > before+0.05*whole {
					t.Errorf("after %.0f of %.0f s: %.0f s left, which were %.0f just before", moment.T, whole, left, before)
				}
				before = left
			}
		})
	}
}
