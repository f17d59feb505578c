package launch

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lossatlas/activities/weights"
	"lossatlas/artifacts"
	"lossatlas/pipelines/sweepfile"
)

const (
	// settled is how long size and time of a file must stay the same before it is read.
	settled = 2 * time.Second
	// patience is how long a file that can't be read must stay the same before it is reported: its writer may only pause. Until
	// then it is tried after twice the time each.
	patience = 30 * time.Second
)

// Arrivals finds the checkpoints that appear in a folder while a training writes them.
type Arrivals struct {
	path, below string // a folder or a pattern; the folder that names are below
	every       int
	except      []string // files that hold something else
	// read is the digest of the weights in a file, which it stores.
	read func(file string) (artifacts.Digest, error)

	seen    map[string]*arrival         // by path
	skipped int                         // checkpoints since the last one that was taken
	earlier []string                    // names that an earlier call took, in their order, whose places in the folder were not passed yet
	taken   map[artifacts.Digest]string // the checkpoints that have the weights
	names   map[string]bool
}

// arrival is a file in its present version.
type arrival struct {
	stamp string
	since time.Time     // when this version was first seen
	wait  time.Duration // after which it is read
	done  bool          // it was taken, skipped or reported
}

// Arrivals looks for checkpoints at path, a folder or a pattern, and takes every n-th after the known ones. Their weights are put into the store.
func (g *Growing) Arrivals(ctx context.Context, store *artifacts.Store, path string, every int, known []Checkpoint) (*Arrivals, error) {
	rename, err := weights.ParseRename(g.Weights.Rename)
	if err != nil {
		return nil, err
	}
	net := sweepfile.NamedNetwork{Name: g.Weights.Name, Network: g.Weights.Net, Problem: g.Weights.Problem}
	a := newArrivals(path, every, known)
	for _, file := range []string{g.Data.Name, g.Data.Labels, g.Weights.Name} {
		a.except = append(a.except, resolvePath(g.folder, file))
	}
	a.read = func(file string) (d artifacts.Digest, err error) {
		b, _, err := Weights(file, net, rename)
		if err != nil {
			return d, err
		}
		blob, err := store.Put(ctx, b)
		return blob.Digest, err
	}
	return a, nil
}

func newArrivals(path string, every int, known []Checkpoint) *Arrivals {
	a := &Arrivals{path: path, below: FixedPart(path), every: every, seen: map[string]*arrival{}, taken: map[artifacts.Digest]string{}, names: map[string]bool{}}
	for _, c := range known {
		a.taken[c.Weights], a.names[c.Name] = c.Name, true
		a.earlier = append(a.earlier, c.Name)
	}
	slices.SortFunc(a.earlier, weights.CompareNames)
	return a
}

// FixedPart is the folder that all files of a pattern are below.
func FixedPart(path string) string {
	for strings.ContainsAny(path, `*?[\`) {
		path = filepath.Dir(path)
	}
	return path
}

// Look returns the checkpoints that are whole since the last call, in the natural order of their names, and of others, once for each
// version of a file, what can't be read and which have the weights of an earlier one. Call it every second or so.
func (a *Arrivals) Look(now time.Time) (found []Checkpoint, problems []error, equal []string) {
	files, err := checkpointFilesAt(a.path)
	if err != nil {
		return nil, []error{err}, nil
	}
	slices.SortFunc(files, weights.CompareNames)
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), ".") || slices.Contains(a.except, file) {
			continue
		}
		version, err := stamp(file)
		if err != nil { // deleted meanwhile
			continue
		}
		s := a.seen[file]
		if s == nil || s.stamp != version {
			a.seen[file] = &arrival{stamp: version, since: now, wait: settled}
			continue
		}
		if s.done || now.Sub(s.since) < s.wait {
			continue
		}
		c, same, err := a.take(file, s)
		switch {
		case err != nil && s.wait < patience:
			s.wait *= 2
		case err != nil:
			s.done = true
			problems = append(problems, err)
		case same != "":
			equal = append(equal, same)
		case c.Name != "":
			found = append(found, c)
		}
	}
	return found, problems, equal
}

// take reads a file, unless it is one of those between every n-th. Without a new checkpoint its name is "";
// same then says that another one has its weights.
func (a *Arrivals) take(file string, s *arrival) (c Checkpoint, same string, err error) {
	name, err := filepath.Rel(a.below, file)
	if err != nil {
		return c, "", err
	}
	for len(a.earlier) > 0 && weights.CompareNames(a.earlier[0], name) < 0 { // also of files that are deleted
		a.earlier, a.skipped = a.earlier[1:], 0
	}
	due := a.skipped+1 >= a.every
	if !due && !a.names[name] {
		s.done = true
		a.skipped++
		return c, "", nil
	}
	digest, err := a.read(file)
	if err != nil {
		return c, "", err
	}
	if version, err := stamp(file); err != nil || version != s.stamp { // it was written meanwhile; the next call sees that
		return c, "", nil
	}
	s.done = true
	switch {
	case a.taken[digest] != "":
		a.skipped = 0
		if other := a.taken[digest]; other != name && !strings.HasPrefix(other, name+" (") { // not the file itself
			same = fmt.Sprintf("%s has the same weights as %s, and is not mapped again", name, other)
		}
		return c, same, nil
	case !due:
		a.skipped++
		return c, "", nil
	}
	c = Checkpoint{Name: a.unused(name, file), Weights: digest}
	a.skipped, a.taken[digest], a.names[c.Name] = 0, c.Name, true
	return c, "", nil
}

// unused is a name for the content of a file: that of the file, and for later contents with the epoch that they say, or a number.
func (a *Arrivals) unused(name, file string) string {
	if !a.names[name] {
		return name
	}
	if m, err := weights.Info(file); err == nil && m.Epoch != nil {
		if said := fmt.Sprintf("%s (epoch %d)", name, *m.Epoch); !a.names[said] {
			return said
		}
	}
	for n := 2; ; n++ {
		if numbered := fmt.Sprintf("%s (%d)", name, n); !a.names[numbered] {
			return numbered
		}
	}
}
