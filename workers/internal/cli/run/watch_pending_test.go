package run

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/home"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/launch"
)

// TestPending: a checkpoint that was stored before the program ended is found again without its file, unless it is known, of another network or no longer stored.
func TestPending(t *testing.T) {
	h, err := home.Open(t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	store := artifacts.InMemory(zerolog.Nop())
	stored := func(name string) launch.Checkpoint {
		blob, err := store.Put(t.Context(), []byte(name))
		if err != nil {
			t.Fatal(err)
		}
		return launch.Checkpoint{Name: name, Weights: blob.Digest}
	}
	a, b, gone := stored("a.pth"), stored("b.pth"), launch.Checkpoint{Name: "c.pth", Weights: artifacts.Of([]byte("c"))}
	call := func(net pipelines.Network, known ...launch.Checkpoint) *watching {
		return &watching{mapping: mapping{App: &app.App{Home: h}}, sweep: &launch.Growing{Sweep: "runs", Weights: sweepfile.Import{Net: net}}, known: known}
	}
	for _, test := range []struct {
		name string
		w    *watching
		want []launch.Checkpoint
	}{
		{"before any", call("small"), nil},
		{"again", call("small"), []launch.Checkpoint{a, b}},
		{"one is known", call("small", a), []launch.Checkpoint{b}},
		{"another network", call("resnet20"), nil},
	} {
		got, err := test.w.recall(t.Context(), store)
		if d := cmp.Diff(test.want, got); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", test.name, err, d)
		}
		if test.name == "before any" {
			if err := test.w.remember([]launch.Checkpoint{a, b, gone}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
