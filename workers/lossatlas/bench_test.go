package main_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkCachedRun measures the same command again on a finished sweep,
// start of the program and of the store included.
func BenchmarkCachedRun(b *testing.B) {
	home, file := b.TempDir(), writeSweep(b, sweepFile)
	runSweep(b, home, file)
	for b.Loop() {
		if o := runSweep(b, home, file); o.Steps.Ran != 0 {
			b.Fatalf("%+v", o.Steps)
		}
	}
	b.ReportMetric(peakMemory(b, home, file), "peak-MB")
}

// BenchmarkSteps measures what a step costs next to its own work: a sweep of
// trainings that take next to no time, its wall clock less the seconds that the
// steps themselves report, per step. Temporal, S3 and waiting are in it.
func BenchmarkSteps(b *testing.B) {
	const text = `name: steps%d
dataset: {name: shapes10, train: 8, test: 8}
train: {net: small, epochs: 1, batch_size: 8, seed: %d}
sweep: {train.optimizer.lr: [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1]}
maps: [{kind: line, points: 3, images: 8, splits: [test]}]
plots: [line, training]
`
	home := b.TempDir()
	n := 0
	var overhead, steps float64
	for b.Loop() {
		n++
		o := runSweep(b, home, writeSweep(b, fmt.Sprintf(text, n, n)))
		overhead += o.Seconds - workSeconds(b, home, fmt.Sprintf("steps%d", n))
		steps += float64(o.Steps.Ran)
	}
	b.ReportMetric(1000*overhead/steps, "ms/step")
}

// BenchmarkThousandSteps measures a finished sweep of a thousand steps, 500 experiments: what one of its steps cost beside
// its own work while it ran, the same command again, and its plan.
func BenchmarkThousandSteps(b *testing.B) {
	seeds := make([]string, 500)
	for i := range seeds {
		seeds[i] = strconv.Itoa(i)
	}
	home, file := b.TempDir(), writeSweep(b, `name: thousand
dataset: {name: shapes10, train: 8, test: 8}
train: {net: small, epochs: 1, batch_size: 8}
sweep: {train.seed: [`+strings.Join(seeds, ", ")+`]}
plots: [training]
`)
	o := runSweep(b, home, file)
	overhead := 1000 * (o.Seconds - workSeconds(b, home, "thousand")) / float64(o.Steps.Ran)
	var run, plan time.Duration
	n := 0.0
	for b.Loop() {
		began := time.Now()
		if o := runSweep(b, home, file); o.Steps.Ran != 0 {
			b.Fatalf("%+v", o.Steps)
		}
		run += time.Since(began)
		began = time.Now()
		if _, stderr, code := invoke(b, home, "plan", file); code != 0 {
			b.Fatalf("plan ended with %d: %s", code, stderr)
		}
		plan += time.Since(began)
		n++
	}
	b.ReportMetric(overhead, "overhead-ms/step")
	b.ReportMetric(run.Seconds()/n, "run-s")
	b.ReportMetric(plan.Seconds()/n, "plan-s")
}

// workSeconds is the sum of the seconds that a sweep's steps took by themselves.
func workSeconds(b *testing.B, home, sweep string) (sum float64) {
	b.Helper()
	stdout, stderr, code := invoke(b, home, "status", sweep, "--output", "json")
	if code != 0 {
		b.Fatalf("status ended with %d: %s", code, stderr)
	}
	var status struct {
		List []struct{ Seconds float64 }
	}
	decode(b, stdout, &status)
	for _, s := range status.List {
		sum += s.Seconds
	}
	return sum
}

// peakMemory is the largest resident size of a cached run, in megabytes: the
// program with its store, without numeric work.
func peakMemory(b *testing.B, home, file string) float64 {
	b.Helper()
	cmd := command(context.Background(), home, "run", file)
	if err := cmd.Run(); err != nil {
		b.Fatal(err)
	}
	return float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
}
