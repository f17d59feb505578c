package main_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lossatlas/activities/safetensors"
)

// storeSweep is a sweep of seconds.
const storeSweep = `name: kept
dataset: {name: shapes10, train: 256, test: 64}
train: {net: small, epochs: 2, batch_size: 64, optimizer: {lr: 0.05}}
maps: [{kind: surface, resolution: 3, images: 64}]
plots: [contour]
`

// verified is what `artifacts verify --output json` says.
type verified struct {
	Records, Blobs, Parts int
	Findings              []struct {
		Object, Problem, Moved string
		Needed                 []string
	}
}

func verify(t *testing.T, home string, want int, args ...string) (verified, []string) {
	t.Helper()
	stdout, stderr, code := invoke(t, home, append([]string{"artifacts", "verify", "--output", "json"}, args...)...)
	if code != want {
		t.Fatalf("verify ended with %d, want %d:\n%s\n%s", code, want, stdout, stderr)
	}
	var v verified
	decode(t, stdout, &v)
	var objects []string
	for _, f := range v.Findings {
		objects = append(objects, f.Object)
	}
	return v, objects
}

// bucket is the folder that the embedded store keeps objects in.
func bucket(home string) string { return filepath.Join(home, "objects", "buckets", "lossatlas") }

// objects lists the objects of one kind.
func objects(t *testing.T, home, kind string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(filepath.Join(bucket(home), kind), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			rel, e := filepath.Rel(bucket(home), path)
			out, err = append(out, rel), e
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// damage changes an object in the store's folder: in turn a flipped bit, a cut end and something behind the end.
func damage(t *testing.T, home, object string, way int) {
	t.Helper()
	path := filepath.Join(bucket(home), object)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	switch way % 3 {
	case 0:
		b[len(b)/2] ^= 1
	case 1:
		b = b[:len(b)/2]
	case 2:
		b = append(b, "more"...)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestVerify damages every object of a store, one kind of damage after another.
// Each is found, says which sweep needs it, and is moved; the next run makes all
// again with the same digests.
func TestVerify(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, storeSweep)
	first := runSweep(t, home, file)
	if v, _ := verify(t, home, 0); v.Blobs == 0 || v.Records != first.Steps.Total+1 {
		t.Fatalf("verify of a whole store: %+v", v)
	}
	for way := range 3 {
		var hurt []string
		for _, kind := range []string{"cas", "actions", "roots"} {
			hurt = append(hurt, objects(t, home, kind)...)
		}
		for i, object := range hurt {
			damage(t, home, object, way+i)
		}
		if _, found := verify(t, home, 1, "--dry-run"); !subset(hurt, found) {
			t.Errorf("verify --dry-run found %v, want all of %v", found, hurt)
		}
		v, found := verify(t, home, 1)
		if !subset(hurt, found) {
			t.Errorf("verify found %v, want all of %v", found, hurt)
		}
		for _, f := range v.Findings {
			if _, err := os.Stat(filepath.Join(bucket(home), f.Moved)); f.Moved == "" || err != nil {
				t.Errorf("%s was not set aside: %q, %v", f.Object, f.Moved, err)
			}
		}
		if stdout, stderr, code := invoke(t, home, "artifacts", "gc", "--yes", "--older-than", "0s"); code == 0 || !strings.Contains(stderr, "kept") {
			t.Errorf("gc with the sweep's record in quarantine ended with %d: %s%s", code, stdout, stderr)
		}
		again := runSweep(t, home, file)
		if again.Steps.Ran != again.Steps.Total {
			t.Errorf("the run after it: %+v", again.Steps)
		}
		same(t, first, again)
		verify(t, home, 0)
	}
}

func subset(want, got []string) bool {
	return !slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(got, s) })
}

// TestDamageMetByRun: damage that a run or a step meets is never served; it is set
// aside and the next run makes it again.
func TestDamageMetByRun(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, storeSweep)
	first := runSweep(t, home, file)
	digest := func(name string) string {
		hex := strings.TrimPrefix(first.digests()[name], "sha256:")
		if len(hex) != 64 {
			t.Fatalf("no digest of %s among %v", name, first.digests())
		}
		return "cas/sha256/" + hex[:2] + "/" + hex
	}
	// The log is read by the run itself, the weights by a step that is new.
	damage(t, home, digest("kept/train/log"), 0)
	if stdout, stderr, code := invoke(t, home, "run", file); code != 1 || !strings.Contains(stderr, "set aside") {
		t.Fatalf("a run that reads a damaged log ended with %d:\n%s\n%s", code, stdout, stderr)
	}
	same(t, first, runSweep(t, home, file))

	damage(t, home, digest("kept/train/weights"), 0)
	more := writeSweep(t, strings.Replace(storeSweep, "resolution: 3", "resolution: 4", 1))
	if stdout, stderr, code := invoke(t, home, "run", more); code == 0 {
		t.Fatalf("a run with damaged weights ended well:\n%s\n%s", stdout, stderr)
	}
	got := runSweep(t, home, more)
	if got.digests()["kept/train/weights"] != first.digests()["kept/train/weights"] {
		t.Error("the training was not made again with the same digest")
	}
	verify(t, home, 0)
}

// TestGC: a changed sweep leaves garbage, a pinned run and an unfinished one don't.
func TestGC(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, storeSweep)
	first := runSweep(t, home, file)
	gc := func(args ...string) (freed []string) {
		t.Helper()
		stdout, stderr, code := invoke(t, home, append([]string{"artifacts", "gc", "--output", "json", "--older-than", "0s"}, args...)...)
		var c struct{ Freed []struct{ Object string } }
		if code != 0 || json.Unmarshal([]byte(stdout), &c) != nil {
			t.Fatalf("gc ended with %d:\n%s\n%s", code, stdout, stderr)
		}
		for _, f := range c.Freed {
			freed = append(freed, f.Object)
		}
		return freed
	}
	if freed := gc("--yes"); len(freed) > 0 {
		t.Errorf("gc of a store with one sweep freed %v", freed)
	}
	if _, stderr, code := invoke(t, home, "artifacts", "pin", "kept", "before"); code != 0 {
		t.Fatalf("pin ended with %d: %s", code, stderr)
	}
	runSweep(t, home, writeSweep(t, strings.Replace(storeSweep, "batch_size: 64", "batch_size: 32", 1)))
	if freed := gc("--dry-run"); len(freed) > 0 {
		t.Errorf("gc would free what is pinned: %v", freed)
	}
	if _, stderr, code := invoke(t, home, "artifacts", "rm", "before", "--yes"); code != 0 {
		t.Fatalf("rm ended with %d: %s", code, stderr)
	}
	planned := gc("--dry-run")
	if _, stderr, code := invoke(t, home, "artifacts", "gc", "--older-than", "0s"); code != 2 || !strings.Contains(stderr, "--yes") {
		t.Errorf("gc without a terminal to ask on ended with %d: %s", code, stderr)
	}
	if young := func() string { s, _, _ := invoke(t, home, "artifacts", "gc", "--yes"); return s }(); !strings.Contains(young, "nothing to free") {
		t.Errorf("gc frees what is younger than a day: %s", young)
	}
	freed := gc("--yes")
	if len(freed) == 0 || !slices.Equal(freed, planned) {
		t.Errorf("gc freed %v, and planned %v", freed, planned)
	}
	verify(t, home, 0)
	second := runSweep(t, home, file)
	if second.Steps.Ran == 0 {
		t.Error("what was freed is still there")
	}
	same(t, first, second)
}

// TestGCUnfinished: what a killed run has finished and begun stays, however strict the collection is.
func TestGCUnfinished(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, storeSweep)
	kill(t, home, file, "in the map", func(s string) bool { return strings.Contains(s, "surface-train: ") })
	before := append(append(objects(t, home, "cas"), objects(t, home, "actions")...), objects(t, home, "roots")...)
	if len(objects(t, home, "actions")) == 0 {
		t.Fatal("the run was killed before it had finished anything")
	}
	if stdout, stderr, code := invoke(t, home, "artifacts", "gc", "--yes", "--older-than", "0s"); code != 0 {
		t.Fatalf("gc ended with %d:\n%s\n%s", code, stdout, stderr)
	}
	after := append(append(objects(t, home, "cas"), objects(t, home, "actions")...), objects(t, home, "roots")...)
	// Blobs whose action the kill prevented may go; what an action names may not.
	verify(t, home, 0)
	for _, object := range before {
		if !strings.HasPrefix(object, "cas/") && !slices.Contains(after, object) {
			t.Errorf("%s was freed", object)
		}
	}
	if o := runSweep(t, home, file); o.Steps.Cached == 0 {
		t.Errorf("the run went on with nothing: %+v", o.Steps)
	}
	verify(t, home, 0)
}

// TestNoCacheRead: a sweep done again is the same to the last bit; a stored result
// that is another is named, and stays.
func TestNoCacheRead(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, storeSweep)
	first := runSweep(t, home, file)
	type again struct {
		Compared, Same, New int
		Failed              []string
		Differ              []struct {
			Step, Output, Stored, Again string
			Inherited                   bool
		}
	}
	recompute := func(want int) (a again) {
		t.Helper()
		stdout, stderr, code := invoke(t, home, "run", file, "--no-cache-read", "--output", "json")
		if code != want {
			t.Fatalf("run --no-cache-read ended with %d, want %d:\n%s\n%s", code, want, stdout, stderr)
		}
		decode(t, stdout, &a)
		return a
	}
	if a := recompute(0); a.Same != a.Compared || a.Same < first.Steps.Total || a.New != 0 {
		t.Errorf("done again: %+v", a)
	}
	same(t, first, runSweep(t, home, file))

	grid, log := first.digests()["kept/surface-train/grid"], first.digests()["kept/train/log"]
	forge(t, home, grid, log)
	a := recompute(1)
	if len(a.Differ) != 1 || a.Differ[0].Step != "kept/surface-train" || a.Differ[0].Stored != log || a.Differ[0].Again != grid || a.Differ[0].Inherited {
		t.Errorf("with another result in the cache: %+v", a)
	}
	if rest, err := filepath.Glob(bucket(home) + "?*"); err != nil || len(rest) != 0 {
		t.Errorf("buckets are left: %v, %v", rest, err)
	}
}

// forge makes the cache say that the step which wrote a blob wrote another one.
func forge(t *testing.T, home, digest, other string) {
	t.Helper()
	info, err := os.Stat(filepath.Join(bucket(home), "cas", "sha256", other[7:9], other[7:]))
	if err != nil {
		t.Fatal(err)
	}
	written := regexp.MustCompile(`\{"digest":"` + digest + `","size":[0-9]+\}`)
	for _, object := range objects(t, home, "actions") {
		path := filepath.Join(bucket(home), object)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var e struct{ Record json.RawMessage }
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatal(err)
		}
		if !written.Match(e.Record) {
			continue
		}
		record := written.ReplaceAll(e.Record, fmt.Appendf(nil, `{"digest":%q,"size":%d}`, other, info.Size()))
		b = fmt.Appendf(nil, `{"schema":1,"digest":"sha256:%x","record":%s}`+"\n", sha256.Sum256(record), record)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no action wrote %s", digest)
}

// TestExplain: two trainings differ in their batch size, and so do their maps. Names may be spelled as in tables and shortened as on screens.
func TestExplain(t *testing.T) {
	home := t.TempDir()
	runSweep(t, home, writeSweep(t, storeSweep+"sweep: {train.batch_size: [32, 64]}\n"))
	stdout, stderr, code := invoke(t, home, "explain", "batch_size=32/surface-train-contour")
	for _, want := range []string{"render ", "─ grid: surface ", "─ weights: train ", "batch_size=32", "seed=", "dataset.name=shapes10", "as above"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("explain has no %q (%d):\n%s%s", want, code, stdout, stderr)
		}
	}
	stdout, stderr, code = invoke(t, home, "explain", "batch_size:32/surface-train", "bat…=64/surface-train", "--output", "json")
	var x struct {
		Same        bool
		Differences []struct {
			Path []string
			What string
			A    string `json:"value_a"`
			B    string `json:"value_b"`
		}
	}
	if code != 0 {
		t.Fatalf("explain ended with %d: %s", code, stderr)
	}
	decode(t, stdout, &x)
	var what []string
	for _, d := range x.Differences {
		what = append(what, strings.Join(d.Path, ",")+" "+d.What+" "+d.A+" "+d.B)
	}
	if x.Same || !slices.Contains(what, "directions,weights parameter batch_size 32 64") {
		t.Errorf("differences %q", what)
	}
	for name, want := range map[string]string{"batch_size=32/surface-trian": "did you mean batch_size=32/surface-train?", "batch…/surface-train": "it could be kept/batch_size=32/surface-train, kept/batch_size=64/surface-train"} {
		if _, stderr, code := invoke(t, home, "explain", name); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, want 2 and %q:\n%s", name, code, want, stderr)
		}
	}
	checkCompare(t, home)
}

// TestExplainWithinSweep: weights that an older sweep imported too, with other data, are those of the explained sweep: its experiments differ in their
// checkpoints, not in data.
func TestExplainWithinSweep(t *testing.T) {
	home, folder := t.TempDir(), t.TempDir()
	for n, name := range []string{"first", "second"} {
		w := make([]float32, 30)
		for i := range w {
			w[i] = float32((i*7+n)%5) - 2
		}
		b, err := safetensors.Encode([]safetensors.Tensor{{Name: "fc.weight", Shape: []int{10, 3}, Data: w}, {Name: "fc.bias", Shape: []int{10}, Data: w[:10]}}, nil)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name+".safetensors"), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	sweep := func(name string, train int, weights string) {
		t.Helper()
		file := filepath.Join(folder, name+".yaml")
		text := fmt.Sprintf("name: %s\ndataset: {name: shapes10, train: %d, test: 64}\nnetworks: {tiny: [avgpool, flatten, {linear: 10, name: fc}]}\ntrain: {net: tiny}\n"+
			"sweep: {train.import: [%s]}\nmaps: [{kind: surface, resolution: 3}]\nplots: []\n", name, train, weights)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		runSweep(t, home, file)
	}
	sweep("older", 128, "first.safetensors")
	sweep("both", 64, "first.safetensors, second.safetensors")
	const first, second = "both/import=first.safetensors", "both/import=second.safetensors"
	for _, args := range [][]string{{"explain", first + "/surface-train", second + "/surface-train"}, {"compare", first, second}} {
		stdout, stderr, code := invoke(t, home, args...)
		if code != 0 || strings.Contains(stdout, "dataset.") || strings.Contains(stdout, "older/") || !strings.Contains(stdout, "import") {
			t.Errorf("%v ended with %d:\n%s%s", args, code, stdout, stderr)
		}
	}
	stdout, _, _ := invoke(t, home, "explain", first+"/surface-train")
	if strings.Contains(stdout, "dataset.train=128") || !strings.Contains(stdout, first+"/surface-directions and 1 more") {
		t.Errorf("the history leads to another sweep:\n%s", stdout)
	}
}

// checkCompare: two experiments side by side, with what differs, and a sweep with itself.
func checkCompare(t *testing.T, home string) {
	var c struct {
		A, B  string
		Pairs []struct {
			A, B       string
			Parameters []struct {
				Name string
				A, B any
			}
			Results []struct{ Name string }
			Steps   []struct{ Name, Relation string }
		}
		Steps map[string]int
	}
	stdout, stderr, code := invoke(t, home, "compare", "kept/batch_size:32", "kept/batch…64", "--output", "json")
	if code != 0 {
		t.Fatalf("compare ended with %d: %s", code, stderr)
	}
	decode(t, stdout, &c)
	if len(c.Pairs) != 1 || len(c.Pairs[0].Parameters) == 0 || c.Pairs[0].Parameters[0].Name != "train.batch_size" || c.Pairs[0].Parameters[0].A != 32.0 || c.Pairs[0].Results[0].Name != "train_loss" {
		t.Errorf("compare says\n%s", stdout)
	}
	if c.A != "kept/batch_size=32" || c.B != "kept/batch_size=64" {
		t.Errorf("compare calls the two %s and %s", c.A, c.B)
	}
	if c.Steps["shared"] != 0 || c.Steps["other outputs"] == 0 {
		t.Errorf("steps: %v", c.Steps)
	}
	stdout, _, _ = invoke(t, home, "compare", "kept/batch_size=32", "kept/batch_size=64")
	if !strings.Contains(stdout, "parameter batch_size (and bn_group, whose default follows it): 32 and 64") {
		t.Errorf("compare has no cause:\n%s", stdout)
	}
	stdout, _, _ = invoke(t, home, "compare", "kept", "kept")
	if !strings.Contains(stdout, "2 pairs compared") || strings.Contains(stdout, "other") {
		t.Errorf("a sweep and itself:\n%s", stdout)
	}
	if _, stderr, code := invoke(t, home, "compare", "kept", "kept/batch_size=6"); code != 2 || !strings.Contains(stderr, "did you mean kept/batch_size=64") {
		t.Errorf("compare with an unknown experiment ended with %d: %s", code, stderr)
	}
}

// TestPushPull copies a sweep to the store of another home, whose run finds everything done.
func TestPushPull(t *testing.T) {
	home, other, file := t.TempDir(), t.TempDir(), writeSweep(t, storeSweep)
	first := runSweep(t, home, file)
	env := remote(t, other)
	push := func() string {
		t.Helper()
		cmd := command(t.Context(), home, "artifacts", "push", "kept", "--output", "json")
		cmd.Env = append(cmd.Env, env...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("push: %v", err)
		}
		return string(out)
	}
	var sent struct{ Blobs, Actions, There int }
	decode(t, push(), &sent)
	if sent.Blobs == 0 || sent.Actions != first.Steps.Total || sent.There != 0 {
		t.Errorf("pushed %+v", sent)
	}
	decode(t, push(), &sent)
	if sent.Blobs != 0 || sent.Actions != 0 {
		t.Errorf("pushed again: %+v", sent)
	}
	third := t.TempDir()
	cmd := command(t.Context(), third, "artifacts", "pull", "kept")
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pull: %v\n%s", err, out)
	}
	got := runSweep(t, third, file)
	if got.Steps.Ran != 0 {
		t.Errorf("a run where the sweep was pulled to: %+v", got.Steps)
	}
	same(t, first, got)
	verify(t, third, 0)
	checkArchive(t, third, file, first)
}

// checkArchive saves a sweep into a file and loads that into a home of its own, whose run finds everything
// done and which saves the same file. A load that was killed continues; a file that is cut or no archive changes nothing.
func checkArchive(t *testing.T, home, file string, first outcome) {
	t.Helper()
	other, dir := t.TempDir(), t.TempDir()
	archive, again := filepath.Join(dir, "kept.tar"), filepath.Join(dir, "again.tar")
	do := func(home string, want int, args ...string) (stdout, stderr string) {
		t.Helper()
		stdout, stderr, code := invoke(t, home, append([]string{"artifacts"}, args...)...)
		if code != want {
			t.Fatalf("artifacts %v ended with %d, want %d:\n%s\n%s", args, code, want, stdout, stderr)
		}
		return stdout, stderr
	}
	do(home, 0, "save", "kept", archive)
	b, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut.tar")
	if err := os.WriteFile(cut, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr := do(other, 2, "load", cut); !strings.Contains(stderr, "cut short") {
		t.Errorf("of an archive that was cut: %s", stderr)
	}
	do(other, 2, "load", file)
	do(home, 2, "save", "absent", again)
	for _, after := range []time.Duration{80, 120, 160, 200} { // milliseconds into the load
		cut := background(t, other, "artifacts", "load", archive)
		time.Sleep(after * time.Millisecond)
		cut.kill()
		verify(t, other, 0)
	}
	do(other, 0, "load", archive)
	got := runSweep(t, other, file)
	if got.Steps.Ran != 0 {
		t.Errorf("a run where the sweep was loaded: %+v", got.Steps)
	}
	same(t, first, got)
	verify(t, other, 0)
	fresh := t.TempDir()
	do(fresh, 0, "load", archive)
	do(fresh, 0, "save", "kept", again)
	if c, err := os.ReadFile(again); err != nil || !slices.Equal(b, c) {
		t.Errorf("saved where it was loaded, the archive is another: %v", err)
	}
	if rest, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(rest) > 0 {
		t.Errorf("half files are left: %v, %v", rest, err)
	}
}

// remote is how the store of a home on which `lossatlas up` runs is reached from another.
func remote(t *testing.T, home string) []string {
	t.Helper()
	s := serve(t, home).S3
	return []string{
		"LOSSATLAS_REMOTE_ENDPOINT=http://" + s.Endpoint, "LOSSATLAS_REMOTE_BUCKET=" + s.Bucket,
		"LOSSATLAS_REMOTE_ACCESS_KEY=" + s.AccessKey, "LOSSATLAS_REMOTE_SECRET_KEY=" + s.SecretKey,
	}
}
