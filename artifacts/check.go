package artifacts

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// What can be wrong with an object.
const (
	Missing    = "missing"    // a blob or an action that something names is not there
	Damaged    = "damaged"    // other bytes than its name or frame promises
	Truncated  = "truncated"  // it ends too early
	Trailing   = "trailing"   // it goes on after its end
	Unreadable = "unreadable" // a record that can't be read
	Dangling   = "dangling"   // an action that names blobs which are not there
	Stray      = "stray"      // an object that has no business where it lies
	// Contradicting is a root that does not agree with its graph, or an action that has other outputs than a root says.
	Contradicting = "contradicting"
)

// Finding is one object that is not as it should be.
type Finding struct {
	// Object is its name in the bucket.
	Object  string `json:"object"`
	Problem string `json:"problem"` // missing, damaged, …
	Detail  string `json:"detail"`
	// Needed says what depended on it: sweeps and their steps, and other steps.
	Needed []string `json:"needed"`
	// Moved is where the object lies now, if it was set aside.
	Moved string `json:"moved,omitempty"`
}

// Checked is what a check came to.
type Checked struct {
	Records  int       `json:"records"` // actions and roots
	Blobs    int       `json:"blobs"`
	Parts    int       `json:"parts"`
	Bytes    int64     `json:"bytes"` // of blobs and parts that were read
	Seconds  float64   `json:"seconds"`
	Findings []Finding `json:"findings"`
}

// CheckOptions say how a store is checked.
type CheckOptions struct {
	// Part and Of choose the Part-th of Of parts of the blobs and checkpoints, by
	// digest, counted from 1, so that Of checks read everything; zero reads all.
	// Records are read, and blobs that are missing or have another size are found, every time.
	Part, Of int
	// Quarantine moves what is damaged out of the way, so that it is made again.
	Quarantine bool
	// Progress is told how much was read, of how much.
	Progress func(objects, of int, bytes, ofBytes int64)
}

// Check reads the store and returns its faults. Blobs that are missing,
// actions that dangle and records that contradict each other are looked for a
// second time before they are reported, since others may work on the store. The error is of requests, not of what was found.
func (s *Store) Check(ctx context.Context, o CheckOptions) (Checked, error) {
	began := time.Now()
	v, err := s.survey(ctx)
	if err != nil {
		return Checked{}, err
	}
	c := &checker{store: s, opts: o, survey: v, users: v.users(), now: began, reported: map[string]bool{}, out: Checked{Records: v.records, Findings: []Finding{}}}
	if err := c.run(ctx); err != nil {
		return c.out, err
	}
	slices.SortFunc(c.out.Findings, func(a, b Finding) int { return cmp.Compare(a.Object, b.Object) })
	c.out.Seconds = time.Since(began).Seconds()
	return c.out, nil
}

type checker struct {
	store  *Store
	opts   CheckOptions
	survey *survey
	users  *users
	now    time.Time

	mu       sync.Mutex
	out      Checked
	reported map[string]bool // objects
	finished int
}

func (c *checker) run(ctx context.Context) error {
	for _, find := range []func(context.Context) error{c.harms, c.readAll, c.missing, c.contradicting, c.dangling} {
		if err := find(ctx); err != nil {
			return err
		}
	}
	return nil
}

// chosen says whether an object is of the part that is read this time.
func (c *checker) chosen(d Digest) bool {
	return c.opts.Of < 2 || binary.BigEndian.Uint64(d[:8])%uint64(c.opts.Of) == uint64(c.opts.Part-1)
}

// find reports a finding, after moving the object out of the way if that is asked for.
func (c *checker) find(ctx context.Context, f Finding, move bool) (err error) {
	if move && c.opts.Quarantine {
		if f.Moved, err = c.store.quarantine(ctx, f.Object, c.now); err != nil {
			return err
		}
	}
	if f.Needed == nil {
		f.Needed = []string{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Findings = append(c.out.Findings, f)
	c.reported[f.Object] = true
	return nil
}

// harms reports records that can't be read.
func (c *checker) harms(ctx context.Context) error {
	for _, h := range c.survey.harms {
		f := Finding{Object: h.object, Problem: h.problem, Detail: h.err.Reason, Needed: c.users.of(h.object)}
		if sweep := rootSweep(h.object); sweep != "" {
			f.Needed = append(f.Needed, "sweep "+sweep)
		}
		if err := c.find(ctx, f, true); err != nil {
			return err
		}
	}
	return nil
}

// reading is one object to be read.
type reading struct {
	stored
	check func(context.Context) error
}

// readAll reads the chosen blobs and parts to their ends.
func (c *checker) readAll(ctx context.Context) error {
	var all []reading
	var total int64
	for d, o := range c.survey.blobs {
		if want := c.users.size(d); c.chosen(d) || want >= 0 && want != o.size {
			c.out.Blobs++
			all = append(all, reading{o, func(ctx context.Context) error { return c.blob(ctx, d, o) }})
			total += o.size
		}
	}
	for _, p := range c.survey.parts {
		if c.chosen(Of([]byte(p.object))) {
			c.out.Parts++
			all = append(all, reading{p.stored, func(ctx context.Context) error { return c.part(ctx, p) }})
			total += p.size
		}
	}
	// Servers keep order on their disks, more or less.
	slices.SortFunc(all, func(a, b reading) int { return cmp.Compare(a.object, b.object) })
	return each(ctx, all, func(ctx context.Context, r reading) error {
		if err := r.check(ctx); err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.finished++
		c.out.Bytes += r.size
		if c.opts.Progress != nil {
			c.opts.Progress(c.finished, len(all), c.out.Bytes, total)
		}
		return nil
	})
}

// blob reads a blob. The size that records give tells cut from longer; without
// one only the digest speaks.
func (c *checker) blob(ctx context.Context, d Digest, o stored) error {
	want := Blob{Digest: d, Size: c.users.size(d)}
	err := c.store.Verify(ctx, want)
	var damage *DamagedError
	switch {
	case err == nil || errors.Is(err, ErrNotFound): // the latter was removed since it was listed
		return nil
	case !errors.As(err, &damage):
		return err
	}
	f := Finding{Object: o.object, Problem: Damaged, Detail: damage.found(), Needed: c.users.of(o.object)}
	switch {
	case damage.Want >= 0 && damage.Size < damage.Want:
		f.Problem = Truncated
	case damage.Want >= 0 && damage.Size > damage.Want:
		f.Problem = Trailing
	}
	// A record that gives a wrong size is no reason to move a whole blob.
	if whole := c.store.Verify(ctx, Blob{Digest: d, Size: -1}); whole == nil {
		return nil
	}
	return c.find(ctx, f, true)
}

func (c *checker) part(ctx context.Context, p storedPart) error {
	_, err := c.store.readPart(ctx, p.object)
	var damage *partError
	switch {
	case err == nil || errors.Is(err, ErrNotFound):
		return nil
	case !errors.As(err, &damage):
		return err
	}
	return c.find(ctx, Finding{Object: p.object, Problem: damage.problem, Detail: damage.Error(), Needed: c.users.of(p.object)}, true)
}

// missing reports blobs that something names and that are not there. A damaged
// one was reported already.
func (c *checker) missing(ctx context.Context) error {
	for _, d := range slices.SortedFunc(maps.Keys(c.users.wanted), func(a, b Digest) int { return slices.Compare(a[:], b[:]) }) {
		object := blobObject(d)
		if _, ok := c.survey.blobs[d]; ok || c.reported[object] {
			continue
		}
		size := c.users.size(d)
		if there, err := c.store.Has(ctx, Blob{Digest: d, Size: size}); there || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		f := Finding{Object: object, Problem: Missing, Detail: fmt.Sprintf("a blob of %d bytes is not in the store", size), Needed: c.users.of(object)}
		if err := c.find(ctx, f, false); err != nil {
			return err
		}
	}
	return nil
}

// contradicting reports records that do not agree, each with the first step that shows it, and results of steps that are
// recorded no more. What contradicts is moved as well: the next run makes it again, whichever was right.
func (c *checker) contradicting(ctx context.Context) error {
	found, err := c.contradictions(ctx, c.survey)
	if err != nil || len(found) == 0 {
		return err
	}
	// A run may have been recorded after the roots were read, and before its actions were.
	later, err := c.store.survey(ctx)
	if err != nil {
		return err
	}
	again, err := c.contradictions(ctx, later)
	if err != nil {
		return err
	}
	for _, f := range found {
		stands := slices.ContainsFunc(again, func(a Finding) bool { return a.Object == f.Object && a.Detail == f.Detail })
		if !stands || c.reported[f.Object] {
			continue
		}
		if err := c.find(ctx, f, f.Problem == Contradicting); err != nil {
			return err
		}
	}
	return nil
}

// contradictions finds what contradicting reports, in one look at the store.
func (c *checker) contradictions(ctx context.Context, v *survey) ([]Finding, error) {
	var out []Finding
	for _, r := range v.roots {
		graph, err := c.store.GetBlob(ctx, r.Graph)
		if errors.Is(err, ErrNotFound) || isA[*DamagedError](err) { // which was reported
			continue
		} else if err != nil {
			return nil, err
		}
		for _, d := range r.disagreements(graph, v.actions) {
			if d.outputs && r.excuses(d.step, v.actions[r.Steps[d.step].Key]) {
				continue
			}
			needed := "sweep " + r.Sweep
			if d.step != "" {
				needed += ": " + d.step
			}
			out = append(out, Finding{Object: d.object, Problem: Contradicting, Detail: d.reason, Needed: []string{needed}})
		}
		for _, step := range r.Steps {
			if !step.Key.IsZero() && !step.Apart && len(step.Outputs) > 0 && v.actions[step.Key] == nil {
				object := actionObject(step.Key)
				out = append(out, Finding{Object: object, Problem: Missing, Detail: "the result of a step is not in the store", Needed: c.users.of(object)})
			}
		}
	}
	return out, nil
}

// dangling reports actions that name what is not there, now that damaged blobs
// are known. They are no results any more, and moved as well.
func (c *checker) dangling(ctx context.Context) error {
	for _, k := range slices.SortedFunc(maps.Keys(c.survey.actions), func(a, b Key) int { return slices.Compare(a[:], b[:]) }) {
		a := c.survey.actions[k]
		gone := map[string]Blob{}
		for name, b := range a.Outputs {
			if c.reported[blobObject(b.Digest)] || !c.survey.holds(b) {
				gone[name] = b
			}
		}
		if len(gone) == 0 {
			continue
		}
		_, _, err := c.store.action(ctx, k)
		switch {
		case errors.Is(err, ErrNotFound):
			continue // removed since, or moved
		case err == nil && !c.anyReported(gone):
			continue // made again since
		}
		f := Finding{Object: a.object, Problem: Dangling, Detail: missing(gone), Needed: c.users.of(a.object)}
		if err := c.find(ctx, f, true); err != nil {
			return err
		}
	}
	return nil
}

// anyReported says whether one of the blobs was reported and not moved: an action may
// look whole because a damaged blob has its size.
func (c *checker) anyReported(blobs map[string]Blob) bool {
	for _, b := range blobs {
		if c.reported[blobObject(b.Digest)] {
			return true
		}
	}
	return false
}
