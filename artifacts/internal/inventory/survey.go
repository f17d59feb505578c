// Package inventory knows what lies in a store, what of it is needed, and where its records disagree. Packages
// maintain and transfer work on it.
package inventory

import (
	"context"
	"fmt"
	"strings"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/objects"
)

// Action is an action with its object.
type Action struct {
	artifacts.Action
	objects.Info
}

// Part is a checkpoint of the step with a key, with its object.
type Part struct {
	Key  artifacts.Key
	Part string // its name within the step
	objects.Info
}

// Fault is a record that can't be read, or an object that does not belong where it lies.
type Fault struct {
	objects.Info
	Stray bool // the latter
	Err   *artifacts.RecordError
}

// Survey is the content of a store: records as read, blobs and parts
// as listed.
type Survey struct {
	Roots   []artifacts.Root
	Actions map[artifacts.Key]*Action
	Blobs   map[artifacts.Digest]objects.Info
	Parts   []Part
	Faults  []Fault
	Records int   // readable or not
	Bytes   int64 // of all objects outside quarantine
	// Quarantined is what lies in quarantine.
	Quarantined []objects.Info
}

// Empty is the survey of an empty store.
func Empty() *Survey {
	return &Survey{Actions: map[artifacts.Key]*Action{}, Blobs: map[artifacts.Digest]objects.Info{}}
}

// Take reads all records and lists the rest. It fails with *[artifacts.NewerError], or as requests fail. Records are
// read before the objects that they name, so that a blob missing at the end was missing all the time.
func Take(ctx context.Context, s *artifacts.Store) (*Survey, error) {
	v := Empty()
	for _, read := range []func(context.Context, *artifacts.Store) error{v.readRoots, v.findFolders, v.readActions} {
		if err := read(ctx, s); err != nil {
			return nil, err
		}
	}
	for _, kind := range []struct {
		prefix string
		add    func(objects.Info)
	}{
		{layout.Parts, v.addPart}, {layout.Blobs, v.addBlob}, {layout.Quarantine, func(o objects.Info) { v.Quarantined = append(v.Quarantined, o) }},
	} {
		if err := list(ctx, s, kind.prefix, kind.add); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Blobs is a survey of the blobs of a store alone.
func Blobs(ctx context.Context, s *artifacts.Store) (*Survey, error) {
	v := Empty()
	return v, list(ctx, s, layout.Blobs, v.addBlob)
}

// list calls do for every object under a prefix.
func list(ctx context.Context, s *artifacts.Store, prefix string, do func(objects.Info)) error {
	for info, err := range s.Bucket().List(ctx, prefix) {
		if err != nil {
			return err
		}
		do(info)
	}
	return nil
}

func (v *Survey) fault(o objects.Info, stray bool, reason string) {
	v.Faults = append(v.Faults, Fault{o, stray, &artifacts.RecordError{Object: o.Name, Reason: reason}})
}

func (v *Survey) readRoots(ctx context.Context, s *artifacts.Store) error {
	return s.EachRoot(ctx, func(o objects.Info, r artifacts.Root, harm *artifacts.RecordError) error {
		v.Records++
		v.Bytes += o.Size
		if harm != nil {
			v.fault(o, !layout.IsRoot(o.Name), harm.Reason)
		} else {
			v.Roots = append(v.Roots, r)
		}
		return nil
	})
}

// findFolders finds folders that lie in place of roots: they are in no listing of objects, and yet what such a root
// needs is unknown.
func (v *Survey) findFolders(ctx context.Context, s *artifacts.Store) error {
	for folder, err := range s.Bucket().Folders(ctx, layout.Roots) {
		if err != nil {
			return err
		}
		if object := strings.TrimSuffix(folder, "/"); layout.IsRoot(object) {
			v.fault(objects.Info{Name: object}, false, "a folder lies in its place")
		}
	}
	return nil
}

func (v *Survey) readActions(ctx context.Context, s *artifacts.Store) error {
	return s.EachAction(ctx, func(o objects.Info, a artifacts.Action, harm *artifacts.RecordError) error {
		v.Records++
		v.Bytes += o.Size
		if harm != nil {
			v.fault(o, false, harm.Reason)
		} else {
			v.Actions[a.Key] = &Action{a, o}
		}
		return nil
	})
}

func (v *Survey) addPart(o objects.Info) {
	v.Bytes += o.Size
	step, part, _ := strings.Cut(strings.TrimPrefix(o.Name, layout.Parts), "/")
	key, err := artifacts.ParseKey(step)
	if err == nil {
		err = layout.CheckName("part", part)
	}
	if err != nil {
		v.fault(o, true, err.Error())
		return
	}
	v.Parts = append(v.Parts, Part{key, part, o})
}

func (v *Survey) addBlob(o objects.Info) {
	v.Bytes += o.Size
	d, err := layout.ParseHex(o.Name[strings.LastIndexByte(o.Name, '/')+1:])
	if err == nil && layout.Blob(d) != o.Name {
		err = fmt.Errorf("it belongs at %s", layout.Blob(d))
	}
	if err != nil {
		v.fault(o, true, "its name is no blob's: "+err.Error())
		return
	}
	v.Blobs[d] = o
}

// Holds reports whether a blob is listed in its size.
func (v *Survey) Holds(b artifacts.Blob) bool {
	o, ok := v.Blobs[b.Digest]
	return ok && o.Size == b.Size
}

// IsComplete reports whether all outputs of an action are listed.
func (v *Survey) IsComplete(a *Action) bool {
	for _, b := range a.Outputs {
		if !v.Holds(b) {
			return false
		}
	}
	return true
}
