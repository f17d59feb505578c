package artifacts_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lossatlas/artifacts"
)

var actionTests = map[string]func(*testing.T, *bucket){
	"round trip":           actionRoundTrip,
	"first writer wins":    actionFirstWins,
	"32 writers":           actionWriters,
	"dangling":             actionDangling,
	"refused":              actionRefused,
	"incomplete":           actionIncomplete,
	"32 healers":           actionHealers,
	"damaged":              actionDamaged,
	"under another's key":  actionMisplaced,
	"of a newer version":   actionNewer,
	"found by some digits": actionFind,
}

// action makes one whose key and outputs depend on n; the blobs are stored.
func action(t testing.TB, s *artifacts.Store, n int) artifacts.Action {
	t.Helper()
	recipe := artifacts.Recipe{
		Kind: "surface", Version: 1,
		Params:   fmt.Appendf(nil, `{"n":%d}`, n),
		Inputs:   map[string]artifacts.Digest{"weights": artifacts.Of([]byte("weights"))},
		Numerics: "xla:test",
	}
	key, err := recipe.Key()
	if err != nil {
		t.Fatal(err)
	}
	return artifacts.Action{
		Key: key, Recipe: recipe,
		Outputs: map[string]artifacts.Blob{
			"grid": put(t, s, fmt.Appendf(nil, "grid %d", n)),
			"log":  put(t, s, fmt.Appendf(nil, "log %d", n)),
		},
		Made: artifacts.Provenance{
			At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Spent: artifacts.Spent{Seconds: 1.5}, Host: "here", Program: "lossatlas <1> & more",
			Numerics: "xla:test", WorkflowID: "surface-1", RunID: "run",
			Producers: map[string]artifacts.Key{"weights": {1, 2, 3}},
		},
	}
}

// same compares actions as what they mean: parameters are JSON, times are instants.
var same = cmp.Options{cmpopts.EquateApproxTime(0), cmpopts.EquateEmpty()}

func putAction(t testing.TB, s *artifacts.Store, a artifacts.Action) artifacts.Action {
	t.Helper()
	won, err := s.PutAction(t.Context(), a)
	if err != nil {
		t.Fatalf("PutAction: %v", err)
	}
	return won
}

func actionRoundTrip(t *testing.T, b *bucket) {
	a := action(t, b.Store, 1)
	if _, err := b.Store.Lookup(t.Context(), a.Key); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("Lookup before PutAction: %v, want ErrNotFound", err)
	}
	if diff := cmp.Diff(a, putAction(t, b.Store, a), same); diff != "" {
		t.Errorf("PutAction returned another action (-put +returned):\n%s", diff)
	}
	got, err := b.Store.Lookup(t.Context(), a.Key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, got, same); diff != "" {
		t.Errorf("Lookup (-put +got):\n%s", diff)
	}
}

func actionFirstWins(t *testing.T, b *bucket) {
	first := action(t, b.Store, 1)
	second := first
	second.Outputs = map[string]artifacts.Blob{"grid": put(t, b.Store, []byte("another grid"))}
	second.Made.Host = "there"
	putAction(t, b.Store, first)
	if diff := cmp.Diff(first, putAction(t, b.Store, second), same); diff != "" {
		t.Errorf("the second PutAction didn't return the winner (-first +returned):\n%s", diff)
	}
	got, err := b.Store.Lookup(t.Context(), first.Key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, got, same); diff != "" {
		t.Errorf("Lookup (-first +got):\n%s", diff)
	}
}

// compete has 32 writers put different actions under one key, and checks that all
// learn of the same winner, which is what Lookup finds, and one of them.
func compete(t *testing.T, b *bucket, a artifacts.Action) {
	t.Helper()
	const writers = 32
	won := make([]artifacts.Action, writers)
	var wg sync.WaitGroup
	for i := range writers {
		mine := a
		mine.Made.Host = fmt.Sprintf("host %d", i)
		mine.Outputs = map[string]artifacts.Blob{"grid": put(t, b.Store, fmt.Appendf(nil, "grid of writer %d", i))}
		wg.Go(func() {
			var err error
			if won[i], err = b.Store.PutAction(t.Context(), mine); err != nil {
				t.Errorf("PutAction: %v", err)
			}
		})
	}
	wg.Wait()
	got, err := b.Store.Lookup(t.Context(), a.Key)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range won {
		if diff := cmp.Diff(got, w, same); diff != "" {
			t.Fatalf("writer %d was told of another winner than Lookup finds (-found +told):\n%s", i, diff)
		}
	}
	if !strings.HasPrefix(got.Made.Host, "host ") {
		t.Errorf("the winner is of %q, who is none of the writers", got.Made.Host)
	}
}

func actionWriters(t *testing.T, b *bucket) { compete(t, b, action(t, b.Store, 1)) }

// actionHealers: among those who replace an action whose blobs are gone one wins, too.
func actionHealers(t *testing.T, b *bucket) {
	a := action(t, b.Store, 1)
	putAction(t, b.Store, a)
	b.Remove(t, blobObject(a.Outputs["log"].Digest))
	compete(t, b, a)
}

func actionDangling(t *testing.T, b *bucket) {
	a := action(t, b.Store, 1)
	gone := artifacts.BlobOf([]byte("never stored"))
	wrong := a.Outputs["log"]
	wrong.Size++
	a.Outputs = map[string]artifacts.Blob{"grid": a.Outputs["grid"], "extra": gone, "log": wrong}
	_, err := b.Store.PutAction(t.Context(), a)
	var dangling *artifacts.DanglingError
	if !errors.As(err, &dangling) {
		t.Fatalf("PutAction naming absent blobs: %v, want *DanglingError", err)
	}
	if diff := cmp.Diff(map[string]artifacts.Blob{"extra": gone, "log": wrong}, dangling.Missing); diff != "" {
		t.Errorf("Missing (-want +got):\n%s", diff)
	}
	if _, err := b.Store.Lookup(t.Context(), a.Key); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("Lookup after the refusal: %v, want ErrNotFound", err)
	}
}

func actionRefused(t *testing.T, b *bucket) {
	for name, spoil := range map[string]func(*artifacts.Action){
		"key of something else": func(a *artifacts.Action) { a.Key[0]++ },
		"no outputs":            func(a *artifacts.Action) { a.Outputs = nil },
		"output without a name": func(a *artifacts.Action) {
			a.Outputs = map[string]artifacts.Blob{"": a.Outputs["grid"]}
		},
		"output without a digest": func(a *artifacts.Action) {
			a.Outputs = map[string]artifacts.Blob{"grid": {Size: 1}}
		},
		"recipe without a kind": func(a *artifacts.Action) { a.Recipe.Kind = "" },
	} {
		a := action(t, b.Store, 1)
		spoil(&a)
		if _, err := b.Store.PutAction(t.Context(), a); err == nil {
			t.Errorf("PutAction accepted an action with: %s", name)
		}
	}
	for info, err := range b.Objects.List(t.Context(), "actions/") {
		t.Errorf("a refused action was stored: %s (%v)", info.Name, err)
	}
}

// actionIncomplete: a hit counts only while every blob is there in its size.
func actionIncomplete(t *testing.T, b *bucket) {
	a := action(t, b.Store, 1)
	putAction(t, b.Store, a)
	grid := a.Outputs["grid"]
	for name, harm := range map[string]func(){
		"removed":      func() { b.Remove(t, blobObject(grid.Digest)) },
		"another size": func() { b.Overwrite(t, blobObject(grid.Digest), []byte("gri")) },
	} {
		harm()
		_, err := b.Store.Lookup(t.Context(), a.Key)
		var incomplete *artifacts.IncompleteError
		if !errors.As(err, &incomplete) {
			t.Fatalf("%s: Lookup: %v, want *IncompleteError", name, err)
		}
		if diff := cmp.Diff(map[string]artifacts.Blob{"grid": grid}, incomplete.Missing); diff != "" || incomplete.Key != a.Key {
			t.Errorf("%s: key %v, Missing (-want +got):\n%s", name, incomplete.Key, diff)
		}

		healed := a
		healed.Made.Host = "healer " + name
		healed.Outputs = map[string]artifacts.Blob{"grid": put(t, b.Store, []byte("new grid "+name)), "log": a.Outputs["log"]}
		putAction(t, b.Store, healed)
		got, err := b.Store.Lookup(t.Context(), a.Key)
		if err != nil {
			t.Fatalf("%s: Lookup after healing: %v", name, err)
		}
		if diff := cmp.Diff(healed, got, same); diff != "" {
			t.Errorf("%s: the incomplete action wasn't replaced (-new +got):\n%s", name, diff)
		}
		grid = healed.Outputs["grid"]
	}
}

// actionDamaged: a damaged action counts as none, is logged, and is replaced.
func actionDamaged(t *testing.T, b *bucket) {
	for i, damage := range damages {
		t.Run(damage.Name, func(t *testing.T) {
			a := action(t, b.Store, i)
			putAction(t, b.Store, a)
			object := actionObject(a.Key)
			b.Overwrite(t, object, damage.Do(bytes.TrimSpace(b.Bytes(t, object))))
			if _, err := b.Store.Lookup(t.Context(), a.Key); !errors.Is(err, artifacts.ErrNotFound) {
				t.Fatalf("Lookup of a damaged action: %v, want ErrNotFound", err)
			}
			if !strings.Contains(b.Log.String(), object) {
				t.Errorf("the log doesn't name the damaged object; it says:\n%s", b.Log)
			}
			putAction(t, b.Store, a)
			if _, err := b.Store.Lookup(t.Context(), a.Key); err != nil {
				t.Errorf("Lookup after the action was put again: %v", err)
			}
		})
	}
}

func actionMisplaced(t *testing.T, b *bucket) {
	one, two := action(t, b.Store, 1), action(t, b.Store, 2)
	putAction(t, b.Store, one)
	b.Overwrite(t, actionObject(two.Key), b.Bytes(t, actionObject(one.Key)))
	if _, err := b.Store.Lookup(t.Context(), two.Key); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("Lookup of a key whose object holds another key's action: %v, want ErrNotFound", err)
	}
}

// actionNewer: what a newer version wrote is neither ignored nor overwritten.
func actionNewer(t *testing.T, b *bucket) {
	a := action(t, b.Store, 1)
	putAction(t, b.Store, a)
	body := bytes.Replace(b.Bytes(t, actionObject(a.Key)), []byte(`{"schema":1,`), []byte(`{"schema":99,`), 1)
	b.Overwrite(t, actionObject(a.Key), body)
	var newer *artifacts.NewerError
	if _, err := b.Store.Lookup(t.Context(), a.Key); !errors.As(err, &newer) || newer.Schema != 99 {
		t.Errorf("Lookup of a newer version's action: %v, want *NewerError", err)
	}
	if _, err := b.Store.PutAction(t.Context(), a); !errors.As(err, &newer) {
		t.Errorf("PutAction over a newer version's action: %v, want *NewerError", err)
	}
	if !bytes.Equal(b.Bytes(t, actionObject(a.Key)), body) {
		t.Error("the newer version's action was overwritten")
	}
}

func actionFind(t *testing.T, b *bucket) {
	a := action(t, b.Store, 1)
	putAction(t, b.Store, a)
	if got, err := b.Store.FindAction(t.Context(), a.Key.Short()); got != a.Key || err != nil {
		t.Errorf("FindAction(%s): %v, %v, want %v", a.Key.Short(), got, err, a.Key)
	}
	if _, err := b.Store.FindAction(t.Context(), "0123456789"); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("FindAction of no key: %v, want ErrNotFound", err)
	}
	for _, bad := range []string{"", "ab", "../../x", "ABCDEF"} {
		if _, err := b.Store.FindAction(t.Context(), bad); err == nil || errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("FindAction(%q): %v, want an error about its form", bad, err)
		}
	}
}
