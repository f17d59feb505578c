package artifacts

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
)

// stored is an object as a listing shows it.
type stored struct {
	object string
	size   int64
	at     time.Time // of its last writing, by the server's clock
}

type storedAction struct {
	Action
	stored
}

type storedPart struct {
	key  Key
	name string
	stored
}

// harm is a record that can't be read, or an object that has no business where it lies.
type harm struct {
	stored
	problem string
	err     *RecordError
}

// survey is all that lies in a store: records as they were read, blobs and parts
// as they were listed.
type survey struct {
	roots   []Root
	actions map[Key]*storedAction
	blobs   map[Digest]stored
	parts   []storedPart
	harms   []harm
	records int   // that could be read or not
	bytes   int64 // of all objects
	// quarantined is what lies in quarantine.
	quarantined []stored
}

// survey reads all records and lists the rest; it fails with *NewerError where a record tells nothing. What names is read before what is
// named, so that a blob missing at the end was missing all the time.
func (s *Store) survey(ctx context.Context) (*survey, error) {
	v := &survey{actions: map[Key]*storedAction{}, blobs: map[Digest]stored{}}
	for _, read := range []func(context.Context, *Store) error{v.readRoots, v.findFolders, v.readActions} {
		if err := read(ctx, s); err != nil {
			return nil, err
		}
	}
	for _, kind := range []struct {
		prefix string
		add    func(stored)
	}{
		{partPrefix, v.addPart}, {blobPrefix, v.addBlob}, {quarantinePrefix, func(o stored) { v.quarantined = append(v.quarantined, o) }},
	} {
		if err := s.eachObject(ctx, kind.prefix, kind.add); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// eachObject calls do for every object under a prefix.
func (s *Store) eachObject(ctx context.Context, prefix string, do func(stored)) error {
	for info, err := range s.objects.List(ctx, prefix) {
		if err != nil {
			return err
		}
		do(stored{info.Name, info.Size, info.At})
	}
	return nil
}

func (v *survey) readRoots(ctx context.Context, s *Store) error {
	var objects []stored
	if err := s.eachObject(ctx, rootPrefix, func(o stored) { objects = append(objects, o) }); err != nil {
		return err
	}
	for _, o := range objects {
		v.records++
		v.bytes += o.size
		if !strings.HasSuffix(o.object, ".json") {
			v.harms = append(v.harms, harm{o, Stray, &RecordError{Object: o.object, Reason: "its name is no root's"}})
			continue
		}
		r, err := s.root(ctx, o.object)
		switch damage, ok := errors.AsType[*RecordError](err); {
		case ok:
			v.harms = append(v.harms, harm{o, Unreadable, damage})
		case errors.Is(err, ErrNotFound): // removed since it was listed
		case err != nil:
			return err
		default:
			v.roots = append(v.roots, r)
		}
	}
	return nil
}

// findFolders finds folders that lie in place of roots: they are in no listing of objects, and yet what such a root
// needs is unknown.
func (v *survey) findFolders(ctx context.Context, s *Store) error {
	for folder, err := range s.objects.Folders(ctx, rootPrefix) {
		if err != nil {
			return err
		}
		if object := strings.TrimSuffix(folder, "/"); strings.HasSuffix(object, ".json") {
			v.harms = append(v.harms, harm{stored{object: object}, Unreadable, &RecordError{object, "a folder lies in its place"}})
		}
	}
	return nil
}

func (v *survey) readActions(ctx context.Context, s *Store) error {
	var objects []stored
	if err := s.eachObject(ctx, actionPrefix, func(o stored) { objects = append(objects, o) }); err != nil {
		return err
	}
	var mu sync.Mutex
	return each(ctx, objects, func(ctx context.Context, o stored) error {
		a, _, err := s.readAction(ctx, o.object)
		if errors.Is(err, ErrNotFound) { // removed since it was listed
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		v.records++
		v.bytes += o.size
		switch damage, ok := errors.AsType[*RecordError](err); {
		case ok:
			v.harms = append(v.harms, harm{o, Unreadable, damage})
		case err != nil:
			return err
		default:
			v.actions[a.Key] = &storedAction{a, o}
		}
		return nil
	})
}

func (v *survey) addPart(o stored) {
	v.bytes += o.size
	step, part, _ := strings.Cut(strings.TrimPrefix(o.object, partPrefix), "/")
	key, err := ParseKey(step)
	if err == nil {
		err = checkName("part", part)
	}
	if err != nil {
		v.harms = append(v.harms, harm{o, Stray, &RecordError{Object: o.object, Reason: err.Error()}})
		return
	}
	v.parts = append(v.parts, storedPart{key, part, o})
}

func (v *survey) addBlob(o stored) {
	v.bytes += o.size
	d, err := parseHex(o.object[strings.LastIndexByte(o.object, '/')+1:])
	if err == nil && blobObject(d) != o.object {
		err = fmt.Errorf("it belongs at %s", blobObject(d))
	}
	if err != nil {
		v.harms = append(v.harms, harm{o, Stray, &RecordError{Object: o.object, Reason: "its name is no blob's: " + err.Error()}})
		return
	}
	v.blobs[d] = o
}

// holds says whether a blob is listed in its size.
func (v *survey) holds(b Blob) bool {
	o, ok := v.blobs[b.Digest]
	return ok && o.size == b.Size
}

// complete says whether all that an action names is listed.
func (v *survey) complete(a *storedAction) bool {
	for _, b := range a.Outputs {
		if !v.holds(b) {
			return false
		}
	}
	return true
}

// named finds digests that parameters name: imported weights and directions.
var named = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// needs are the digests that an action's recipe takes, by what they are to it.
func (a *Action) needs() map[string]Digest {
	out := make(map[string]Digest, len(a.Recipe.Inputs))
	for name, d := range a.Recipe.Inputs {
		out["input "+name] = d
	}
	for i, text := range named.FindAllString(string(a.Recipe.Params), -1) {
		if d, err := ParseDigest(text); err == nil {
			out[fmt.Sprintf("parameter %d", i+1)] = d
		}
	}
	return out
}

// reach is what must stay.
type reach struct {
	actions map[Key]bool
	blobs   map[Digest]bool
}

// reach follows roots, and the actions that keep wants beside theirs, to all that
// they need: blobs, and the actions that made the inputs.
func (v *survey) reach(roots []Root, keep func(*storedAction) bool) reach {
	r := reach{map[Key]bool{}, map[Digest]bool{}}
	var queue []Key
	visit := func(k Key) {
		if !k.IsZero() && !r.actions[k] {
			r.actions[k] = true
			queue = append(queue, k)
		}
	}
	for _, root := range roots {
		r.blobs[root.Graph.Digest] = true
		for _, step := range root.Steps {
			visit(step.Key)
			for _, b := range step.Outputs {
				r.blobs[b.Digest] = true
			}
		}
	}
	for k, a := range v.actions {
		if keep != nil && keep(a) {
			visit(k)
		}
	}
	for len(queue) > 0 {
		a := v.actions[queue[len(queue)-1]]
		queue = queue[:len(queue)-1]
		if a == nil {
			continue
		}
		for _, b := range a.Outputs {
			r.blobs[b.Digest] = true
		}
		for _, d := range a.needs() {
			r.blobs[d] = true
		}
		for _, k := range a.Made.Producers {
			visit(k)
		}
	}
	return r
}
