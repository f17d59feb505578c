package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lossatlas/activities"
)

// report prints what the simulation cost, in all, for each chunk and for each step.
func (s *simulation) report(t *testing.T, o outcome, wall time.Duration, before load, rows map[string]float64) {
	t.Helper()
	after, rowsAfter, done := s.load(t), s.database(t), s.portionsDone(t)
	past := pastOf(t, s.client(t))
	chunks, steps := float64(len(done["chunk"])), 0.0
	for _, r := range past.runs {
		if r.GetType().GetName() == activities.StepWorkflow && r.GetCloseTime() != nil {
			steps++
		}
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("\nof %d experiments, %d chunks: %.0f steps, %.0f chunks of %v, trainings of %v, network %s, %d workers that compute, %d that sort, %d history shards",
		*simulationExperiments, *simulationExperiments**simulationSide**simulationSide, steps, chunks, *simulationChunk, *simulationTrain, *simulationNet, *simulationWorkers, *simulationIO, *simulationShards)
	s.reportTime(line, done, wall)
	line("%-28s %12s %12s %12s", "", "in all", "each chunk", "each step")
	each := func(name string, v float64, unit string) {
		line("%-28s %12.5g %12.4g %12.4g %s", name, v, v/chunks, v/steps, unit)
	}
	for _, name := range slices.Sorted(maps.Keys(after.cpu)) {
		if name != "user" {
			each("CPU of "+name, 1000*(after.cpu[name]-before.cpu[name]), "ms")
		}
	}
	if n := len(s.samples); n > 0 {
		each("CPU of the user's run", 1000*s.samples[n-1].cpu["user"], "ms")
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		each("database: "+name, rowsAfter[name]-rows[name], "")
	}
	s.reportCalls(t, each)
	s.reportStore(t, each)
	s.reportHistories(past, line)
	line("most workflows open at a time, of samples every 10 s: %d", s.mostOpen)
	for name, m := range map[string]*member{"Temporal": s.temporal, "S3": s.s3, "workers": s.workers} {
		line("memory of %s at most: %.0f MB", name, resident(m.last().cmd.Process.Pid))
	}
	for _, look := range s.looks {
		line("%s", look)
	}
	if info, err := os.Stat(o.Report); err == nil {
		line("the report has %.1f MB", float64(info.Size())/1e6)
	}
	t.Log(b.String())
}

// reportTime compares the time that the sweep took with the least that its work takes, and says how the workers were used.
func (s *simulation) reportTime(line func(string, ...any), done map[string][]portionDone, wall time.Duration) {
	workers := float64(*simulationWorkers)
	all := slices.Concat(done["train"], done["chunk"])
	if len(all) == 0 {
		return
	}
	var modeled, busy float64
	var last time.Time
	var queued, beside []float64
	again, misses := 0, 0
	for _, p := range all {
		modeled, busy = modeled+p.Modeled, busy+p.Busy
		if end := p.Began.Add(time.Duration(p.Busy * float64(time.Second))); end.After(last) {
			last = end
		}
		queued, beside = append(queued, p.Queued), append(beside, 1000*(p.Busy-p.Modeled))
		if p.Attempt > 1 {
			again++
		}
		if !p.Loaded {
			misses++
		}
	}
	computing := last.Sub(s.began).Seconds()
	line("makespan %.1f s, of which %.1f s until the last chunk; ideal (work / workers) %.1f s: %.2f and %.2f times that", wall.Seconds(), computing, modeled/workers, wall.Seconds()*workers/modeled, computing*workers/modeled)
	line("the workers computed for %.1f %% of the time until the last chunk, and were with a portion of work for %.1f %%", 100*modeled/workers/computing, 100*busy/workers/computing)
	line("portions of work each second: %.1f; begun again: %d; maps that a worker had to fetch: %d", float64(len(all))/computing, again, misses)
	line("waiting in the queue: %s s", percentiles(queued))
	line("of a portion beside its arithmetic: %s ms", percentiles(beside))
	line("share of the workers that compute, by tenths of the time: %s", s.shares(all, computing))
}

// shares is how much of the workers' time was used in each tenth of the run.
func (s *simulation) shares(all []portionDone, computing float64) string {
	const parts = 10
	var used [parts]float64
	width := computing / parts
	for _, p := range all {
		from := p.Began.Sub(s.began).Seconds()
		for i := range parts {
			low, high := float64(i)*width, float64(i+1)*width
			used[i] += max(0, min(high, from+p.Busy)-max(low, from))
		}
	}
	var out []string
	for _, u := range used {
		out = append(out, fmt.Sprintf("%.0f %%", 100*u/width/float64(*simulationWorkers)))
	}
	return strings.Join(out, ", ")
}

func percentiles(v []float64) string {
	slices.Sort(v)
	at := func(share float64) float64 { return v[int(share*float64(len(v)-1))] }
	return fmt.Sprintf("median %.3g, 90 %% %.3g, 99 %% %.3g, most %.3g", at(0.5), at(0.9), at(0.99), at(1))
}

// reportCalls lists what the workers asked of Temporal.
func (s *simulation) reportCalls(t *testing.T, each func(string, float64, string)) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, callsFile))
	if err != nil {
		t.Fatal(err)
	}
	var count map[string]float64
	if err := json.Unmarshal(b, &count); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, name := range slices.SortedFunc(maps.Keys(count), func(a, b string) int { return int(count[b] - count[a]) }) {
		sum += count[name]
		each("call "+name, count[name], "")
	}
	each("calls in all", sum, "")
}

// reportStore lists the requests that the S3 server noted, with the bytes of what it was asked for.
func (s *simulation) reportStore(t *testing.T, each func(string, float64, string)) {
	t.Helper()
	f, err := os.Open(s.s3log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	count, size, sum := map[string]float64{}, map[string]float64{}, 0.0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		// owner bucket [time zone] address requester request operation key URI status error sent size …
		f := strings.Fields(lines.Text())
		if len(f) < 14 || !strings.HasPrefix(f[2], "[") {
			continue // the log's own beginning
		}
		kind, _, _ := strings.Cut(f[8], "/")
		name := strings.TrimPrefix(f[7], "s3_") + " " + kind
		if status := f[10]; !strings.HasPrefix(status, "2") {
			name += " " + status
		}
		count[name]++
		sum++
		if n, err := strconv.ParseFloat(f[13], 64); err == nil {
			size[name] += n
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(count), func(a, b string) int { return int(count[b] - count[a]) }) {
		each("S3 "+name, count[name], "")
		if size[name] > 0 {
			each("S3 "+name+" bytes", size[name], "B")
		}
	}
	each("S3 requests in all", sum, "")
}

// reportHistories says how long the histories are of what has ended, by the workflows' types.
func (s *simulation) reportHistories(p past, line func(string, ...any)) {
	type size struct{ runs, events, most, bytes, largest int64 }
	sizes := map[string]*size{}
	for _, r := range p.runs {
		name := r.GetType().GetName()
		if name == "Step" {
			id, _, _ := strings.Cut(r.GetExecution().GetWorkflowId(), "-")
			name += " " + id
		}
		z := sizes[name]
		if z == nil {
			z = &size{}
			sizes[name] = z
		}
		z.runs++
		z.events, z.most = z.events+r.GetHistoryLength(), max(z.most, r.GetHistoryLength())
		z.bytes, z.largest = z.bytes+r.GetHistorySizeBytes(), max(z.largest, r.GetHistorySizeBytes())
	}
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		z := sizes[name]
		line("histories of %-18s %6d runs, %9d events, at most %6d; %11d bytes, at most %8d", name, z.runs, z.events, z.most, z.bytes, z.largest)
	}
}
