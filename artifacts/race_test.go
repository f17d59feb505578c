package artifacts_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/artifacts/maintain"
	"lossatlas/artifacts/objects"
)

var raceTests = map[string]func(*testing.T, *bucket){
	"an action whose blobs were freed":          raceDangling,
	"a result that another took the place of":   raceReplaced,
	"a result found whole before it's replaced": raceWholeAgain,
	"a result replaced while it is recorded":    raceReplacing,
	"32 who replace a result":                   raceReplacers,
	"a collection that begins before another":   raceCollections,
	"a blob set aside while it is put again":    raceHealed,
	"a run recorded while records are read":     raceChecked,
}

// interrupted is a bucket that does something else once, before it puts an object whose name begins as is said.
type interrupted struct {
	objects.Bucket
	object string
	puts   int // that go before
	once   sync.Once
	do     func()
}

func (i *interrupted) Put(ctx context.Context, name string, body []byte, digest [32]byte, when objects.Condition) error {
	if strings.HasPrefix(name, i.object) {
		if i.puts--; i.puts < 0 {
			i.once.Do(i.do)
		}
	}
	return i.Bucket.Put(ctx, name, body, digest, when)
}

// interrupt opens the bucket once more, for a writer who is interrupted before a put of an object.
func (b *bucket) interrupt(t *testing.T, object string, puts int, do func()) *artifacts.Store {
	t.Helper()
	s, err := artifacts.In(t.Context(), &interrupted{Bucket: b.Objects, object: object, puts: puts, do: do}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// result puts two blobs and returns an action of a step that wrote them. Equal steps have equal keys, whatever they wrote.
func result(t *testing.T, s *artifacts.Store, first, second string) artifacts.Action {
	t.Helper()
	a := artifacts.Action{Recipe: artifacts.Recipe{Kind: "train", Version: 1}, Outputs: map[string]artifacts.Blob{
		"first": put(t, s, []byte(first)), "second": put(t, s, []byte(second)),
	}}
	var err error
	if a.Key, err = a.Recipe.Key(); err != nil {
		t.Fatal(err)
	}
	return a
}

// sweepOf is a sweep of one step with the result.
func sweepOf(t *testing.T, s *artifacts.Store, a artifacts.Action) artifacts.Root {
	t.Helper()
	r := root("fig3")
	r.Graph = put(t, s, []byte(`{"final":[{"id":"train","kind":"train"}]}`))
	r.Steps = map[string]artifacts.RootStep{"train": {Kind: "train", Key: a.Key, State: artifacts.StateRan, Outputs: a.Outputs}}
	return r
}

func moment(t *testing.T, s *artifacts.Store) artifacts.Moment {
	t.Helper()
	m, err := s.Moment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// raceDangling: a writer learns that the blobs of its action were freed before the action was there, and leaves none.
func raceDangling(t *testing.T, b *bucket) {
	a := result(t, b.Store, "A", "B")
	writer := b.interrupt(t, actionObject(a.Key), 0, func() { collect(t, b.Store, maintain.CollectOptions{}) })
	var dangling *artifacts.DanglingError
	if _, err := writer.PutAction(t.Context(), a); !errors.As(err, &dangling) || len(dangling.Missing) != 2 {
		t.Errorf("PutAction: %v, want *DanglingError naming both outputs", err)
	}
	if _, err := b.Store.Lookup(t.Context(), a.Key); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("Lookup: %v, want ErrNotFound", err)
	}
	world{bucket: b}.finds(t, map[string]string{})
}

// raceReplaced: a result was freed, its blobs were put again by chance, and another result lies under the key.
func raceReplaced(t *testing.T, b *bucket) {
	since := moment(t, b.Store)
	mine := result(t, b.Store, "A", "B")
	putAction(t, b.Store, mine)
	collect(t, b.Store, maintain.CollectOptions{})
	putAction(t, b.Store, result(t, b.Store, "C", "D"))
	result(t, b.Store, "A", "B")
	var lost *artifacts.LostError
	if err := b.Store.PutRootSince(t.Context(), sweepOf(t, b.Store, mine), since); !errors.As(err, &lost) || strings.Join(lost.Missing, " ") != "train" {
		t.Errorf("PutRootSince: %v, want *LostError naming the step", err)
	}
	world{bucket: b}.finds(t, map[string]string{})
}

// incomplete stores an action one of whose blobs is gone.
func incomplete(t *testing.T, b *bucket) artifacts.Action {
	t.Helper()
	a := result(t, b.Store, "A", "B")
	putAction(t, b.Store, a)
	b.Remove(t, blobObject(a.Outputs["second"].Digest))
	return a
}

// raceWholeAgain: someone is about to replace an action whose blob is gone, and the blob comes back, and a sweep
// records the result.
func raceWholeAgain(t *testing.T, b *bucket) {
	first := incomplete(t, b)
	writer := b.interrupt(t, "collection.json", 0, func() {
		since := moment(t, b.Store)
		result(t, b.Store, "A", "B")
		if err := b.Store.PutRootSince(t.Context(), sweepOf(t, b.Store, first), since); err != nil {
			t.Error(err)
		}
	})
	won, err := writer.PutAction(t.Context(), result(t, b.Store, "A", "C"))
	if err != nil || won.Outputs["second"] != first.Outputs["second"] {
		t.Errorf("PutAction: %+v, %v, want the result that is recorded", won, err)
	}
	world{bucket: b}.finds(t, map[string]string{})
}

// raceReplacing: the blob comes back when the action is just being replaced, and a sweep that was told the old result
// learns that it is lost.
func raceReplacing(t *testing.T, b *bucket) {
	first := incomplete(t, b)
	recorded := make(chan error, 1)
	writer := b.interrupt(t, actionObject(first.Key), 1, func() {
		since := moment(t, b.Store)
		result(t, b.Store, "A", "B")
		if _, err := b.Store.Lookup(t.Context(), first.Key); err != nil {
			t.Error(err)
		}
		r := sweepOf(t, b.Store, first)
		go func() { recorded <- b.Store.PutRootSince(t.Context(), r, since) }()
		time.Sleep(200 * time.Millisecond) // who need not wait is done by then
	})
	second := result(t, b.Store, "A", "C")
	won, err := writer.PutAction(t.Context(), second)
	if err != nil || won.Outputs["second"] != second.Outputs["second"] {
		t.Errorf("PutAction: %+v, %v, want the new result", won, err)
	}
	var lost *artifacts.LostError
	if err := <-recorded; !errors.As(err, &lost) {
		t.Errorf("PutRootSince: %v, want *LostError", err)
	}
	world{bucket: b}.finds(t, map[string]string{})
}

// raceReplacers: of many who replace a result, all learn which one took its place.
func raceReplacers(t *testing.T, b *bucket) {
	first := incomplete(t, b)
	var wg sync.WaitGroup
	var won [32]artifacts.Blob
	for i := range won {
		a := result(t, b.Store, "A", fmt.Sprint(i))
		wg.Go(func() {
			now, err := b.Store.PutAction(t.Context(), a)
			if err != nil {
				t.Error(err)
			}
			won[i] = now.Outputs["second"]
		})
	}
	wg.Wait()
	now, err := b.Store.Lookup(t.Context(), first.Key)
	if err != nil {
		t.Fatal(err)
	}
	for i, blob := range won {
		if blob != now.Outputs["second"] {
			t.Errorf("writer %d was told %v, and %v is there", i, blob, now.Outputs["second"])
		}
	}
}

// raceCollections: of two collections that find none under way, one begins, and the other waits for its end.
func raceCollections(t *testing.T, b *bucket) {
	litter(t, b, 3)
	collect(t, b.Store, maintain.CollectOptions{DryRun: true})
	done, going := make(chan error, 1), make(chan struct{})
	release := make(chan struct{})
	slow := b.interrupt(t, "collection.json", 1, func() { close(going); <-release }) // its end
	second := b.interrupt(t, "collection.json", 0, func() {
		go func() {
			_, err := maintain.Collect(t.Context(), slow, maintain.CollectOptions{})
			done <- err
		}()
		<-going
		time.AfterFunc(200*time.Millisecond, func() { close(release) })
	})
	if _, err := maintain.Collect(t.Context(), second, maintain.CollectOptions{}); err != nil {
		t.Error(err)
	}
	select {
	case <-release: // without it the first can't end
	default:
		t.Error("the second collection went on before the first had ended")
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// raceHealed: a writer who puts a damaged blob again, while that is set aside, learns that it is gone.
func raceHealed(t *testing.T, b *bucket) {
	a := result(t, b.Store, "A", "B")
	damaged := a.Outputs["second"].Digest
	b.Overwrite(t, blobObject(damaged), []byte("X"))
	recorded := make(chan error, 1)
	other := b.interrupt(t, "quarantine/", 0, func() {
		put(t, b.Store, []byte("B"))
		go func() {
			_, err := b.Store.PutAction(t.Context(), a)
			recorded <- err
		}()
		time.Sleep(200 * time.Millisecond) // who need not wait is done by then
	})
	if moved, err := other.SetAside(t.Context(), damaged); moved == "" || err != nil {
		t.Errorf("SetAside: %q, %v", moved, err)
	}
	var dangling *artifacts.DanglingError
	if err := <-recorded; !errors.As(err, &dangling) {
		t.Errorf("PutAction: %v, want *DanglingError", err)
	}
	world{bucket: b}.finds(t, map[string]string{})
	put(t, b.Store, []byte("B"))
	putAction(t, b.Store, a)
	if moved, err := b.Store.SetAside(t.Context(), damaged); moved != "" || err != nil {
		t.Errorf("SetAside of a whole blob: %q, %v", moved, err)
	}
}

// listing is a bucket that does something else once, before it lists objects.
type listing struct {
	objects.Bucket
	prefix string
	once   sync.Once
	do     func()
}

func (l *listing) List(ctx context.Context, prefix string) iter.Seq2[objects.Info, error] {
	if prefix == l.prefix {
		l.once.Do(l.do)
	}
	return l.Bucket.List(ctx, prefix)
}

// raceChecked: a check that has read the roots, and reads the actions of a run that took their place, finds nothing.
func raceChecked(t *testing.T, b *bucket) {
	first := incomplete(t, b)
	since := moment(t, b.Store)
	if err := b.Store.PutRootSince(t.Context(), sweepOf(t, b.Store, first), since); err != nil {
		t.Fatal(err)
	}
	s, err := artifacts.In(t.Context(), &listing{Bucket: b.Objects, prefix: "actions/", do: func() {
		won, err := b.Store.PutAction(t.Context(), result(t, b.Store, "A", "C"))
		if err == nil {
			err = b.Store.PutRootSince(t.Context(), sweepOf(t, b.Store, won), since)
		}
		if err != nil {
			t.Error(err)
		}
		put(t, b.Store, []byte("B"))
	}}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	c, err := maintain.Check(t.Context(), s, maintain.CheckOptions{Quarantine: true})
	if err != nil || len(c.Findings) > 0 {
		t.Errorf("Check: %+v, %v, want no findings", c.Findings, err)
	}
	world{bucket: b}.finds(t, map[string]string{})
}
