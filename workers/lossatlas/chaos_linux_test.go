package main_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lossatlas/artifacts"
)

var (
	chaosKills = flag.Int("chaos.kills", 7, "how many processes the chaos run kills")
	chaosSeed  = flag.Uint64("chaos.seed", 0, "what the chaos run does, in which order and how long; 0 chooses")
)

// chaosSweep has work of every kind that a kill can interrupt.
func chaosSweep(experiments int) string {
	seeds := make([]string, experiments)
	for i := range seeds {
		seeds[i] = fmt.Sprint(i + 1)
	}
	return fmt.Sprintf(`name: chaos
dataset: {name: shapes10, train: 4096, test: 256}
networks:
  tiny: [{conv: 8, stride: 2}, bn, relu, {conv: 16, stride: 2}, bn, relu, avgpool, flatten, {linear: 10}]
train: {net: tiny, epochs: 8, batch_size: 32, checkpoints: 4, optimizer: {lr: 0.05}}
sweep: {train.seed: [%s]}
maps:
  - {kind: line, points: 17, images: 256}
  - {kind: surface, resolution: 17, images: 1024}
  - {kind: hessian, resolution: 3, images: 64, tolerance: 0.01}
  - {kind: spectrum, images: 64, probes: 4, steps: 20}
plots: [line, contour, training]
`, strings.Join(seeds, ", "))
}

// TestChaos runs a sweep undisturbed, and again while processes of every kind
// are killed at random moments, connections are cut and slow, and the disk is
// full for a while. In the end all results are the same to the last bit,
// nothing is damaged or left behind, and no kill has cost more than one portion
// of work. `go tool task chaos` does it at length.
func TestChaos(t *testing.T) {
	kills, seed := *chaosKills, *chaosSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	t.Logf("-chaos.kills %d -chaos.seed %d", kills, seed)
	file := writeSweep(t, chaosSweep(max(2, kills/2)))

	calm := newCluster(t, "calm", file, t.TempDir(), t.TempDir())
	undisturbed := calm.await(t)
	want := results(calm.root(t))
	calm.end()
	w := calm.work(t)
	t.Logf("undisturbed: %.0f s for %d steps, %s", undisturbed.Seconds(), len(want), tally(w.portions))
	if len(w.again) > 0 {
		t.Errorf("undisturbed, %s were begun again", tally(w.again))
	}

	var abusing sync.WaitGroup
	t.Cleanup(abusing.Wait)
	disk, store, database := newDisk(t)
	c := newCluster(t, "chaos", file, store, database)
	a := &abuse{cluster: c, t: t, rand: rand.New(rand.NewPCG(seed, 0)), disk: disk, done: map[string]int{}}
	abusing.Go(func() { a.do(kills, undisturbed) })
	took := c.await(t)
	abusing.Wait()
	c.awaitServers(t)
	open := c.open(t)
	root := c.root(t)
	c.verify(t)
	c.end()

	a.report(kills, took, undisturbed)
	if diff := cmp.Diff(want, results(root)); diff != "" {
		t.Errorf("the results are not those of the undisturbed run:\n%s", diff)
	}
	if len(open) > 0 {
		t.Errorf("workflows that have not ended: %v", open)
	}
}

// results is what each step has come to.
func results(root artifacts.Root) map[string]map[string]string {
	out := map[string]map[string]string{}
	for id, s := range root.Steps {
		out[id] = map[string]string{"key": s.Key.String()}
		for name, blob := range s.Outputs {
			out[id][name] = blob.String()
		}
	}
	return out
}

// report says what was done and what it cost, and holds the cost against what is allowed.
func (a *abuse) report(kills int, took, undisturbed time.Duration) {
	t := a.t
	t.Helper()
	killed, total := map[string]int{}, 0
	for _, p := range a.members() {
		killed[strings.TrimRight(p.name, " 12")] += p.kills()
		total += p.kills()
	}
	w := a.work(t)
	t.Logf("killed: %s; %s", tally(killed), tally(a.done))
	t.Logf("took %.0f s, %.1f times as long as undisturbed", took.Seconds(), took.Seconds()/undisturbed.Seconds())
	t.Logf("computed: %s", tally(w.portions))
	t.Logf("begun again: %s, %.2f for each kill; %d were under way in a process that was killed", tally(w.again), float64(w.total())/float64(max(total, 1)), w.toKills)
	t.Logf("the store was full for %d puts", a.client.said(noSpace)+a.workers[0].said(noSpace)+a.workers[1].said(noSpace))
	if total < kills {
		t.Errorf("the sweep was done after %d of %d kills", total, kills)
	}
	if w.most > 1 {
		t.Errorf("one kill has cost %d portions of work that were under way in the process", w.most)
	}
	if w.total() > total {
		t.Errorf("%d kills have cost %s", total, tally(w.again))
	}
	if len(w.redone) > 0 {
		t.Errorf("stored before a kill, and computed again after it: %s", strings.Join(w.redone, ", "))
	}
	for _, p := range a.members() {
		for _, l := range p.gaveUp() {
			words := fmt.Sprintf("%s ended with %d: %s", p.name, l.code, lastLine(l.stderr))
			if t.Log(words); p != a.client && p != a.temporal {
				t.Errorf("%s ended by itself", p.name)
			}
		}
	}
	// A user may have to run a sweep again, but not because something has failed.
	for _, l := range a.client.gaveUp() {
		var o outcome
		if b, err := os.ReadFile(l.stdout); err == nil && json.Unmarshal(b, &o) == nil && o.Steps.Failed > 0 {
			t.Errorf("%d steps failed", o.Steps.Failed)
		}
	}
}

// noSpace is what the log says of a put that a full store has refused.
const noSpace = "no space left in the store"

// verify has the whole store read and checked.
func (c *cluster) verify(t *testing.T) {
	t.Helper()
	out, err := c.command("client", "artifacts", "verify", "--output", "json").Output()
	if err != nil {
		t.Errorf("artifacts verify: %v\n%s", err, out)
	}
	var v verified
	decode(t, string(out), &v)
	t.Logf("artifacts verify: %d records, %d blobs, %d parts, %d findings", v.Records, v.Blobs, v.Parts, len(v.Findings))
}
