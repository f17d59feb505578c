package maintain

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/inventory"
	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/internal/parallel"
	"lossatlas/artifacts/objects"
)

// Problems of objects, in addition to [artifacts.Damaged], [artifacts.Truncated] and [artifacts.Trailing].
const (
	Missing    = "missing"    // a blob or an action that something names is missing
	Unreadable = "unreadable" // a record that can't be read
	Dangling   = "dangling"   // an action that names blobs which are missing
	Stray      = "stray"      // an object that does not belong where it lies
	// Contradicting is a root that does not agree with its graph, or an action that has other outputs than a root says.
	Contradicting = "contradicting"
)

// Finding is one faulty object.
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

// Checked is the result of a check.
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
	// Quarantine moves damaged objects out of the way, so that they are made again.
	Quarantine bool
	// Progress is called with the bytes read, and all bytes to read.
	Progress func(objects, of int, bytes, ofBytes int64)
}

// Check reads a store and returns its faults. Blobs that are missing,
// actions that dangle and records that contradict each other are looked for a
// second time before they are reported, since others may work on the store. The error is of requests, not a finding.
func Check(ctx context.Context, s *artifacts.Store, o CheckOptions) (Checked, error) {
	began := time.Now()
	v, err := inventory.Take(ctx, s)
	if err != nil {
		return Checked{}, err
	}
	c := &checker{store: s, opts: o, survey: v, users: usersOf(v), now: began, reported: map[string]bool{}, out: Checked{Records: v.Records, Findings: []Finding{}}}
	if err := c.run(ctx); err != nil {
		return c.out, err
	}
	slices.SortFunc(c.out.Findings, func(a, b Finding) int { return cmp.Compare(a.Object, b.Object) })
	c.out.Seconds = time.Since(began).Seconds()
	return c.out, nil
}

type checker struct {
	store  *artifacts.Store
	opts   CheckOptions
	survey *inventory.Survey
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
func (c *checker) chosen(d artifacts.Digest) bool {
	return c.opts.Of < 2 || binary.BigEndian.Uint64(d[:8])%uint64(c.opts.Of) == uint64(c.opts.Part-1)
}

// find reports a finding, after moving the object out of the way if that is asked for.
func (c *checker) find(ctx context.Context, f Finding, move bool) (err error) {
	if move && c.opts.Quarantine {
		if f.Moved, err = c.store.Quarantine(ctx, f.Object, c.now); err != nil {
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
	for _, h := range c.survey.Faults {
		f := Finding{Object: h.Name, Problem: Unreadable, Detail: h.Err.Reason, Needed: c.users.of(h.Name)}
		if h.Stray {
			f.Problem = Stray
		}
		if sweep := layout.SweepOf(h.Name); sweep != "" {
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
	objects.Info
	check func(context.Context) error
}

// readAll reads the chosen blobs and parts to their ends.
func (c *checker) readAll(ctx context.Context) error {
	var all []reading
	var total int64
	for d, o := range c.survey.Blobs {
		if want := c.users.size(d); c.chosen(d) || want >= 0 && want != o.Size {
			c.out.Blobs++
			all = append(all, reading{o, func(ctx context.Context) error { return c.blob(ctx, d, o) }})
			total += o.Size
		}
	}
	for _, p := range c.survey.Parts {
		if c.chosen(artifacts.Of([]byte(p.Name))) {
			c.out.Parts++
			all = append(all, reading{p.Info, func(ctx context.Context) error { return c.part(ctx, p) }})
			total += p.Size
		}
	}
	// Servers keep order on their disks, more or less.
	slices.SortFunc(all, func(a, b reading) int { return cmp.Compare(a.Name, b.Name) })
	return parallel.Each(ctx, all, func(ctx context.Context, r reading) error {
		if err := r.check(ctx); err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.finished++
		c.out.Bytes += r.Size
		if c.opts.Progress != nil {
			c.opts.Progress(c.finished, len(all), c.out.Bytes, total)
		}
		return nil
	})
}

// blob reads a blob. The size that records give tells cut from longer; without
// one only the digest speaks.
func (c *checker) blob(ctx context.Context, d artifacts.Digest, o objects.Info) error {
	want := artifacts.Blob{Digest: d, Size: c.users.size(d)}
	err := c.store.Verify(ctx, want)
	var damage *artifacts.DamagedError
	switch {
	case err == nil || errors.Is(err, artifacts.ErrNotFound): // the latter was removed since it was listed
		return nil
	case !errors.As(err, &damage):
		return err
	}
	f := Finding{Object: o.Name, Problem: artifacts.Damaged, Detail: damage.Detail(), Needed: c.users.of(o.Name)}
	switch {
	case damage.Want >= 0 && damage.Size < damage.Want:
		f.Problem = artifacts.Truncated
	case damage.Want >= 0 && damage.Size > damage.Want:
		f.Problem = artifacts.Trailing
	}
	// A record that gives a wrong size is no reason to move a whole blob.
	if whole := c.store.Verify(ctx, artifacts.Blob{Digest: d, Size: -1}); whole == nil {
		return nil
	}
	return c.find(ctx, f, true)
}

func (c *checker) part(ctx context.Context, p inventory.Part) error {
	err := c.store.VerifyPart(ctx, p.Key, p.Part)
	var damage *artifacts.PartError
	switch {
	case err == nil || errors.Is(err, artifacts.ErrNotFound):
		return nil
	case !errors.As(err, &damage):
		return err
	}
	return c.find(ctx, Finding{Object: p.Name, Problem: damage.Problem, Detail: damage.Error(), Needed: c.users.of(p.Name)}, true)
}
