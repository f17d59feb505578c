package artifacts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/internal/parallel"
	"lossatlas/artifacts/objects"
)

// PutRoot records a sweep's run, in place of its earlier one, unless a newer version of the program wrote that:
// *[NewerError]. Garbage collection keeps everything that a running sweep needs.
func (s *Store) PutRoot(ctx context.Context, r Root) error {
	if err := r.Check(); err != nil {
		return err
	}
	if err := s.refuseNewer(ctx, layout.Root(r.Sweep)); err != nil {
		return err
	}
	return s.putRecord(ctx, layout.Root(r.Sweep), r, objects.Always)
}

// Check refuses a root that could never be read.
func (r Root) Check() error {
	if err := layout.CheckName("sweep", r.Sweep); err != nil {
		return err
	}
	switch r.State {
	case StateRunning, StateDone, StateDiverged, StateFailed, StateInterrupted:
	default:
		return fmt.Errorf("sweep %s: state %q, want %s, %s, %s, %s or %s", r.Sweep, r.State, StateRunning, StateDone, StateDiverged, StateFailed, StateInterrupted)
	}
	return nil
}

// PutRootSince is PutRoot for results that were looked up after a moment. If
// garbage was collected since, and took some of them along, the sweep has to be
// run again: *[LostError].
func (s *Store) PutRootSince(ctx context.Context, r Root, since Moment) error {
	now, err := s.unharmed(ctx, r, since)
	if err != nil {
		return err
	}
	if err := s.PutRoot(ctx, r); err != nil {
		return err
	}
	if _, err = s.unharmed(ctx, r, now); isA[*LostError](err) {
		return errors.Join(err, s.DropRoot(ctx, r.Sweep))
	}
	return err
}

// unharmed waits for a collection that is under way and fails with *LostError if
// one since the moment took something of the root.
func (s *Store) unharmed(ctx context.Context, r Root, since Moment) (Moment, error) {
	now, interfered, err := s.settle(ctx, since)
	if err != nil || !interfered {
		return now, err
	}
	if there, err := s.Has(ctx, r.Graph); err != nil {
		return now, err
	} else if !there {
		return now, &LostError{r.Sweep, []string{"its list of steps"}}
	}
	var mu sync.Mutex
	var lost []string
	err = parallel.Each(ctx, slices.Collect(maps.Keys(r.Steps)), func(ctx context.Context, id string) error {
		harmed, err := s.lostStep(ctx, r.Steps[id])
		if harmed {
			mu.Lock()
			defer mu.Unlock()
			lost = append(lost, id)
		}
		return err
	})
	if err == nil && len(lost) > 0 {
		slices.Sort(lost)
		err = &LostError{r.Sweep, lost}
	}
	return now, err
}

// lostStep says whether outputs of a step are gone, or the action that names them: also where others have put another
// since, and the same blobs for another step.
func (s *Store) lostStep(ctx context.Context, step RootStep) (bool, error) {
	gone, err := s.gone(ctx, step.Outputs)
	if err != nil || len(gone) > 0 || len(step.Outputs) == 0 || step.Key.IsZero() {
		return len(gone) > 0, err
	}
	a, err := s.Recorded(ctx, step.Key)
	if IsUnusable(err) {
		return true, nil
	}
	return err == nil && !step.Apart && len(Differing(step.Outputs, a.Outputs)) > 0, err
}

// Root returns the latest run of a sweep. It fails with [ErrNotFound], *[RecordError] and *[NewerError].
func (s *Store) Root(ctx context.Context, name string) (Root, error) {
	if err := layout.CheckName("sweep", name); err != nil {
		return Root{}, err
	}
	return s.root(ctx, layout.Root(name))
}

func (s *Store) root(ctx context.Context, object string) (Root, error) {
	if !layout.IsRoot(object) {
		return Root{}, &RecordError{Object: object, Reason: "its name is no root's"}
	}
	var r Root
	if _, err := s.getRecord(ctx, object, &r); err != nil {
		return Root{}, err
	}
	if object != layout.Root(r.Sweep) {
		return Root{}, &RecordError{Object: object, Reason: fmt.Sprintf("it is the root of sweep %.160q", r.Sweep)}
	}
	return r, nil
}

// Roots returns the latest runs of all sweeps, sorted by name. Roots that can't
// be read are left out and come as *[RecordError], joined into the error, next to
// the others: listing may continue without them, but nothing may be freed, because
// it is unknown which blobs they need. With *[NewerError] no roots are returned.
func (s *Store) Roots(ctx context.Context) ([]Root, error) {
	var roots []Root
	var harms []error
	err := s.EachRoot(ctx, func(o objects.Info, r Root, harm *RecordError) error {
		switch {
		case harm == nil:
			roots = append(roots, r)
		case layout.IsRoot(o.Name):
			harms = append(harms, harm)
		default:
			s.log.Warn().Str("object", o.Name).Msg("an object among the sweep records is not a record; it is ignored")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return roots, errors.Join(harms...)
}

// EachRoot calls do for every object among the roots, by name: with its root, or with *[RecordError] where it is damaged or has
// no root's name. Objects removed meanwhile are skipped. Other errors, and errors of do, end it.
func (s *Store) EachRoot(ctx context.Context, do func(objects.Info, Root, *RecordError) error) error {
	all, err := s.list(ctx, layout.Roots)
	if err != nil {
		return err
	}
	for _, o := range all {
		r, err := s.root(ctx, o.Name)
		harm, damaged := errors.AsType[*RecordError](err)
		switch {
		case errors.Is(err, ErrNotFound):
			continue
		case err != nil && !damaged:
			return err
		}
		if err := do(o, r, harm); err != nil {
			return err
		}
	}
	return nil
}

// DropRoot forgets a sweep's run, also a damaged one that was set aside, so that
// objects that only it needs may be freed; a missing root is no error.
func (s *Store) DropRoot(ctx context.Context, name string) error {
	if err := layout.CheckName("sweep", name); err != nil {
		return err
	}
	if err := s.refuseNewer(ctx, layout.Root(name)); err != nil {
		return err
	}
	for _, object := range []string{layout.Root(name), layout.Root(name) + "/"} {
		if err := s.objects.Remove(ctx, object); err != nil {
			return err
		}
	}
	aside, err := s.Quarantined(ctx)
	if err != nil {
		return err
	}
	aside = slices.DeleteFunc(aside, func(object string) bool { return layout.QuarantinedSweep(object) != name })
	return parallel.Each(ctx, aside, s.objects.Remove)
}
