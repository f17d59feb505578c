package artifacts_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"testing"
	"time"

	"lossatlas/artifacts"
	"lossatlas/artifacts/maintain"
	"lossatlas/artifacts/transfer"
)

var archiveTests = map[string]func(*testing.T, *bucket){
	"there and back":     archiveWhole,
	"goes on":            archiveGoesOn,
	"damaged":            archiveDamaged,
	"hostile":            archiveHostile,
	"forged":             archiveForged,
	"damaged where from": archiveSource,
}

// save is a chain of steps, and the archive of its sweep.
func save(t *testing.T, b *bucket, n int) (world, []byte) {
	t.Helper()
	w := chain(t, b, n)
	var file bytes.Buffer
	c, err := transfer.Save(t.Context(), b.Store, "fig3", &file, transfer.Options{})
	if err != nil || c.Actions != n || c.Blobs != n+2 {
		t.Fatalf("Save: %+v, %v", c, err)
	}
	return w, file.Bytes()
}

func open(t *testing.T, file []byte) *transfer.Archive {
	t.Helper()
	a, err := transfer.OpenArchive(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("OpenArchive: %v", err)
	}
	return a
}

// archiveWhole: an archive brings all that a copy would, and the same archive comes out again.
func archiveWhole(t *testing.T, b *bucket) {
	litter(t, b, 3)
	w, file := save(t, b, 5)
	to := second(t, b)
	c, err := transfer.Load(t.Context(), to.Store, open(t, file), transfer.Options{})
	if err != nil || c.Actions != 5 || c.Blobs != 5+2 || c.There != 0 {
		t.Fatalf("Load: %+v, %v", c, err)
	}
	there := world{bucket: to}
	there.wholeRoots(t)
	if h, err := to.Store.History(t.Context(), w.action.Key); err != nil || len(h.Steps) != 5 {
		t.Errorf("the history there: %+v, %v", h, err)
	}
	again, err := transfer.Load(t.Context(), to.Store, open(t, file), transfer.Options{})
	if err != nil || again.Blobs != 0 || again.Actions != 0 || again.There != 12 {
		t.Errorf("a second Load: %+v, %v, want nothing written", again, err)
	}
	var back bytes.Buffer
	if _, err := transfer.Save(t.Context(), to.Store, "fig3", &back, transfer.Options{}); err != nil || !bytes.Equal(back.Bytes(), file) {
		t.Errorf("saved again there: %d bytes, %v, want the %d bytes that were loaded", back.Len(), err, len(file))
	}
}

// archiveGoesOn: wherever a load is cut short the store is whole, and the next does the rest.
func archiveGoesOn(t *testing.T, b *bucket) {
	_, file := save(t, b, 40)
	to := second(t, b)
	for cut := range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := transfer.Load(ctx, to.Store, open(t, file), transfer.Options{Progress: func(n, _ int, _, _ int64) {
			if n > 3*cut {
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("Load that was cut short: %v", err)
		}
		if found, err := maintain.Check(t.Context(), to.Store, maintain.CheckOptions{}); err != nil || len(found.Findings) > 0 {
			t.Errorf("a cut load leaves %+v, %v", found.Findings, err)
		}
		if _, err := to.Store.Root(t.Context(), "fig3"); !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("Root after a cut load: %v", err)
		}
	}
	c, err := transfer.Load(t.Context(), to.Store, open(t, file), transfer.Options{})
	if err != nil || c.There < 3 || c.Actions != 40 {
		t.Errorf("the last load: %+v, %v", c, err)
	}
	(world{bucket: to}).wholeRoots(t)
}

// archiveDamaged: a file with a flipped bit, a cut end or a hole brings nothing that dangles, and no sweep.
func archiveDamaged(t *testing.T, b *bucket) {
	_, file := save(t, b, 3)
	to := second(t, b)
	load := func(damaged []byte) error {
		a, err := transfer.OpenArchive(bytes.NewReader(damaged), int64(len(damaged)))
		if err != nil {
			return err
		}
		_, err = transfer.Load(t.Context(), to.Store, a, transfer.Options{})
		return err
	}
	for at := 700; at < len(file)-1024; at += 997 { // the last two blocks are the end of a tar, which says nothing
		flipped := bytes.Clone(file)
		flipped[at] ^= 0x10
		if load(flipped) != nil {
			continue
		}
		// Between files there are zeros, and dates and rights in headers, that mean nothing.
		(world{bucket: to}).wholeRoots(t)
		if err := to.Store.DropRoot(t.Context(), "fig3"); err != nil {
			t.Fatal(err)
		}
	}
	for _, end := range []int{0, 1, 511, 512, 1000, len(file) / 2, len(file) - 2000} {
		if err := load(file[:end]); err == nil {
			t.Errorf("a file of %d of %d bytes was loaded", end, len(file))
		}
	}
	if found, err := maintain.Check(t.Context(), to.Store, maintain.CheckOptions{}); err != nil || len(found.Findings) > 0 {
		t.Errorf("damaged archives leave %+v, %v", found.Findings, err)
	}
}

// rewrite copies an archive, each entry as change has it; nil leaves one out.
func rewrite(t *testing.T, file []byte, change func(h *tar.Header, data []byte) ([]*tar.Header, []byte)) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for r := tar.NewReader(bytes.NewReader(file)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		headers, data := change(h, data)
		for _, h := range headers {
			if h.Typeflag == tar.TypeReg {
				h.Size = int64(len(data))
			}
			if err := w.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			if h.Typeflag == tar.TypeReg {
				if _, err := w.Write(data); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// archiveHostile: a file that was made to do harm is refused, and nothing of it is listed.
func archiveHostile(t *testing.T, b *bucket) {
	w, file := save(t, b, 2)
	weights := blobObject(w.action.Outputs["weights"].Digest)
	entry := func(name string, kind byte) *tar.Header {
		return &tar.Header{Name: name, Typeflag: kind, Linkname: map[bool]string{true: "/etc/passwd"}[kind != tar.TypeReg], Mode: 0o644}
	}
	beside := func(extra ...*tar.Header) func(*tar.Header, []byte) ([]*tar.Header, []byte) {
		return func(h *tar.Header, data []byte) ([]*tar.Header, []byte) {
			if h.Name == "sweep.json" {
				return append(extra, h), data
			}
			return []*tar.Header{h}, data
		}
	}
	without := func(name string) func(*tar.Header, []byte) ([]*tar.Header, []byte) {
		return func(h *tar.Header, data []byte) ([]*tar.Header, []byte) {
			if strings.HasPrefix(h.Name, name) {
				return nil, nil
			}
			return []*tar.Header{h}, data
		}
	}
	instead := func(name string, other []byte) func(*tar.Header, []byte) ([]*tar.Header, []byte) {
		return func(h *tar.Header, data []byte) ([]*tar.Header, []byte) {
			if h.Name == name {
				data = other
			}
			return []*tar.Header{h}, data
		}
	}
	huge := bytes.Clone(file)
	copy(huge[124:136], "77777777777\x00") // the first header's size: 8 GiB
	sum := 8 * int(' ')
	for i, c := range huge[:512] {
		if i < 148 || i >= 156 {
			sum += int(c)
		}
	}
	copy(huge[148:156], []byte{'0', byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
	to := second(t, b)
	for name, c := range map[string]struct {
		file []byte
		why  string
	}{
		"a link":             {rewrite(t, file, beside(entry(blobObject(artifacts.Of([]byte("x"))), tar.TypeSymlink))), "plain file"},
		"a hard link":        {rewrite(t, file, beside(entry(blobObject(artifacts.Of([]byte("x"))), tar.TypeLink))), "plain file"},
		"a folder":           {rewrite(t, file, beside(entry("cas/", tar.TypeDir))), "plain file"},
		"a way out":          {rewrite(t, file, beside(entry("../../roots/fig3.json", tar.TypeReg))), "no business"},
		"an absolute name":   {rewrite(t, file, beside(entry("/etc/cron.d/x", tar.TypeReg))), "no business"},
		"a root":             {rewrite(t, file, beside(entry("roots/other.json", tar.TypeReg))), "no business"},
		"a way out of cas":   {rewrite(t, file, beside(entry("cas/sha256/../../roots/fig3.json", tar.TypeReg))), "no blob"},
		"a misplaced blob":   {rewrite(t, file, beside(entry(strings.Replace(weights, "cas/sha256/", "cas/sha256/z", 1), tar.TypeReg))), "no blob"},
		"no action's name":   {rewrite(t, file, beside(entry("actions/ab/x.json", tar.TypeReg))), "no action"},
		"twice":              {rewrite(t, file, beside(entry(weights, tar.TypeReg))), "twice"},
		"other bytes":        {rewrite(t, file, instead(weights, []byte("something else"))), "size"},
		"same size":          {rewrite(t, file, instead(weights, bytes.Repeat([]byte{7}, 1001))), "damaged"},
		"no blob":            {rewrite(t, file, without(weights)), "incomplete"},
		"no run":             {rewrite(t, file, without("sweep.json")), "written last"},
		"another's action":   {rewrite(t, file, instead(actionObject(w.action.Key), []byte(`{"schema":1,"digest":"","record":{}}`))), "digest"},
		"a run that is none": {rewrite(t, file, instead("sweep.json", []byte("{}"))), "schema"},
		"an announced size":  {huge, ""},
		"no tar":             {bytes.Repeat([]byte("hello "), 1000), ""},
		"empty":              {nil, "written last"},
	} {
		a, err := transfer.OpenArchive(bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil {
			_, err = transfer.Load(t.Context(), to.Store, a, transfer.Options{})
		}
		if err == nil {
			t.Errorf("%s: loaded", name)
		} else if !strings.Contains(err.Error(), c.why) && name != "other bytes" {
			t.Errorf("%s: %v, want word of %q", name, err, c.why)
		}
		if roots, err := to.Store.Roots(t.Context()); err != nil || len(roots) > 0 {
			t.Errorf("%s: there are runs %v, %v", name, roots, err)
		}
	}
	if found, err := maintain.Check(t.Context(), to.Store, maintain.CheckOptions{}); err != nil || len(found.Findings) > 0 {
		t.Errorf("hostile archives leave %+v, %v", found.Findings, err)
	}
}

// archiveSource: what is damaged in the store is not saved.
func archiveSource(t *testing.T, b *bucket) {
	w := chain(t, b, 3)
	blob := w.action.Outputs["weights"]
	for _, damage := range damages {
		b.Overwrite(t, blobObject(blob.Digest), damage.Do(pseudoRandom(2, 1002)))
		var file bytes.Buffer
		if _, err := transfer.Save(t.Context(), b.Store, "fig3", &file, transfer.Options{}); err == nil {
			t.Errorf("%s: saved", damage.Name)
		}
		if _, err := transfer.OpenArchive(bytes.NewReader(file.Bytes()), int64(file.Len())); err == nil {
			t.Errorf("%s: what was written before the error counts as an archive", damage.Name)
		}
	}
}

// forged is an archive whose digests are right and whose records were changed.
type forged struct {
	root    func(*artifacts.Root)
	actions func(*artifacts.Action) // of each
	graph   string                  // in place of the one that is there
	put     []byte                  // a blob that is added
	why     []string
}

// archiveForged: an archive whose records contradict each other is refused before anything is written. One that is
// consistent is believed.
func archiveForged(t *testing.T, b *bucket) {
	w, file := save(t, b, 3)
	other := artifacts.BlobOf([]byte("other"))
	weights, last := w.action.Outputs["weights"], w.root.Steps["last"]
	is := func(a *artifacts.Action) bool { return a.Key == w.action.Key }
	step := func(change func(*artifacts.RootStep)) func(*artifacts.Root) {
		return func(r *artifacts.Root) {
			s := r.Steps["last"]
			change(&s)
			r.Steps = map[string]artifacts.RootStep{"last": s}
		}
	}
	outputs := map[string]artifacts.Blob{"weights": other}
	for name, c := range map[string]forged{
		"nothing": {},
		"another blob in the action": {actions: func(a *artifacts.Action) {
			if is(a) {
				a.Outputs = outputs
			}
		}, put: []byte("other"), why: []string{"step last", weights.Digest.String(), other.Digest.String()}},
		"another blob in the run": {root: step(func(s *artifacts.RootStep) { s.Outputs = outputs }), put: []byte("other"), why: []string{"step last", weights.Digest.String(), other.Digest.String()}},
		"another blob, excused": {root: func(r *artifacts.Root) {
			step(func(s *artifacts.RootStep) { s.Outputs, s.Apart = outputs, true })(r)
			r.Finished = time.Time{}
		}, put: []byte("other"), why: []string{"step last", other.Digest.String()}},
		"another size": {root: step(func(s *artifacts.RootStep) {
			s.Outputs = map[string]artifacts.Blob{"weights": {Digest: weights.Digest, Size: 1}}
		}), why: []string{"step last", "(1 bytes)"}},
		"an output more in the action": {actions: func(a *artifacts.Action) {
			if is(a) {
				a.Outputs["log"] = other
			}
		}, put: []byte("other"), why: []string{"step last", "log", other.Digest.String()}},
		"an output more in the run": {root: step(func(s *artifacts.RootStep) {
			s.Outputs = map[string]artifacts.Blob{"weights": weights, "log": other}
		}), put: []byte("other"), why: []string{"step last", "log", other.Digest.String()}},
		"the key of another step":   {root: step(func(s *artifacts.RootStep) { s.Key = firstKey(t, b, w) }), why: []string{"step last", "other parameters"}},
		"another kind in the run":   {root: step(func(s *artifacts.RootStep) { s.Kind = "line" }), why: []string{"step last", "train", "line"}},
		"another kind in the graph": {graph: `{"final":[{"id":"last","kind":"line"}]}`, why: []string{"step last", "train", "line"}},
		"another kind in both":      {root: step(func(s *artifacts.RootStep) { s.Kind = "line" }), graph: `{"final":[{"id":"last","kind":"line"}]}`, why: []string{"step last", "train"}},
		"other parameters":          {graph: `{"final":[{"id":"last","kind":"train","params":{"n":99}}]}`, why: []string{"step last", "other parameters"}},
		"another input": {root: func(r *artifacts.Root) {
			r.Steps = map[string]artifacts.RootStep{"last": last, "first": {Kind: "import", Key: artifacts.Key(other.Digest), Outputs: outputs}}
		}, graph: `{"experiments":[{"steps":[{"id":"first","kind":"import"},{"id":"last","kind":"train","inputs":{"weights":{"step":"first","output":"weights"}}}]}]}`,
			put: []byte("other"), why: []string{"step last", "another weights", other.Digest.String()}},
		"outputs without a key": {root: func(r *artifacts.Root) {
			r.Steps = map[string]artifacts.RootStep{"last": {Kind: last.Kind, State: last.State, Outputs: last.Outputs}}
		}, why: []string{"step last", "no key"}},
		"a graph of other steps":    {graph: `{"final":[{"id":"first","kind":"train"}]}`, why: []string{"step last", "list of steps"}},
		"a graph without steps":     {graph: `{}`, why: []string{"step last", "list of steps"}},
		"a graph with a step twice": {graph: `{"final":[{"id":"last"},{"id":"last"}]}`, why: []string{"list of steps", "twice"}},
		"a graph that is none":      {graph: `[1]`, why: []string{"list of steps", "can't be read"}},
		"a false producer": {actions: func(a *artifacts.Action) {
			if is(a) {
				a.Made.Producers = map[string]artifacts.Key{"weights": a.Key}
			}
		}, why: []string{"did not"}},
	} {
		t.Run(name, func(t *testing.T) {
			to := second(t, b)
			before := to.count(t)
			a, err := transfer.OpenArchive(c.file(t, file, w))
			if err == nil {
				_, err = transfer.Load(t.Context(), to.Store, a, transfer.Options{})
			}
			if len(c.why) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				(world{bucket: to}).wholeRoots(t)
				return
			}
			var contradiction *transfer.ContradictionError
			if !errors.As(err, &contradiction) {
				t.Fatalf("loaded: %v, want *ContradictionError", err)
			}
			for _, want := range c.why {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want word of %q", err, want)
				}
			}
			if after := to.count(t); after != before {
				t.Errorf("%d objects were written", after-before)
			}
		})
	}
}

// firstKey is the key of a step of a chain that is not its last.
func firstKey(t *testing.T, b *bucket, w world) artifacts.Key {
	t.Helper()
	for info, err := range b.Objects.List(t.Context(), "actions/") {
		if err != nil {
			t.Fatal(err)
		}
		k, err := artifacts.ParseKey(strings.TrimSuffix(path.Base(info.Name), ".json"))
		if err != nil {
			t.Fatal(err)
		}
		if a, err := b.Store.Recorded(t.Context(), k); err == nil && a.Recipe.Kind == "train" && a.Key != w.action.Key {
			return a.Key
		}
	}
	t.Fatal("there is one step only")
	return artifacts.Key{}
}

// file is the archive with its records changed, each in an envelope that is right.
func (c forged) file(t *testing.T, whole []byte, w world) (io.ReaderAt, int64) {
	t.Helper()
	graph, added := blobObject(w.root.Graph.Digest), c.put == nil
	var out bytes.Buffer
	to := tar.NewWriter(&out)
	add := func(name string, data []byte) {
		t.Helper()
		err := to.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644})
		if err == nil {
			_, err = to.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	rewrite(t, whole, func(h *tar.Header, data []byte) ([]*tar.Header, []byte) {
		switch {
		case h.Name == graph && c.graph != "":
			h.Name, data = blobObject(artifacts.Of([]byte(c.graph))), []byte(c.graph)
		case strings.HasPrefix(h.Name, "actions/"):
			if !added {
				added = true
				add(blobObject(artifacts.Of(c.put)), c.put)
			}
			data = reseal(t, data, c.actions)
		case h.Name == "sweep.json":
			data = reseal(t, data, func(r *artifacts.Root) {
				if c.graph != "" {
					r.Graph = artifacts.BlobOf([]byte(c.graph))
				}
				if c.root != nil {
					c.root(r)
				}
			})
		}
		add(h.Name, data)
		return nil, nil
	})
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(out.Bytes()), int64(out.Len())
}

// reseal changes a record and makes its envelope right.
func reseal[T any](t *testing.T, record []byte, change func(*T)) []byte {
	t.Helper()
	var e struct{ Record T }
	if err := json.Unmarshal(record, &e); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&e.Record)
	}
	body, err := json.Marshal(e.Record)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, `{"schema":1,"digest":%q,"record":%s}`, artifacts.Of(body), body)
}
