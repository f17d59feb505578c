package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"lossatlas/activities"
	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/runner"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/embedded"
	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/home"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/services"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/settings"
	"lossatlas/workers/registry"
)

// embeddedServices are those of the program, in this process.
var embeddedServices = &services.Embedded{
	Temporal: func(ctx context.Context, o services.TemporalOptions) (services.Temporal, error) {
		return embedded.StartTemporal(ctx, embedded.Options{DBPath: o.DBPath, FrontendPort: o.FrontendPort, Namespace: o.Namespace, Identity: o.Identity, Log: o.Log})
	},
	Store: func(ctx context.Context, o services.StoreOptions) (services.Store, error) {
		return s3.Start(ctx, o)
	},
}

// crowd is a home with a sweep of many experiments, of which each is a training, a surface with its flatness and a picture.
type crowd struct {
	dir, file string
	sweep     *sweepfile.Sweep
	graph     *pipelines.Graph
	session   *session.Session
}

// newCrowd makes a home for a sweep of n experiments; its services run in this process.
func newCrowd(b *testing.B, n int) *crowd {
	b.Helper()
	seeds := make([]string, n)
	for i := range seeds {
		seeds[i] = strconv.Itoa(i)
	}
	c := &crowd{dir: b.TempDir()}
	c.file = writeSweep(b, "name: crowd\ndataset: {name: shapes10, train: 64, test: 64}\ntrain: {net: small, epochs: 20, batch_size: 64}\nmaps: [{kind: surface, resolution: 9, images: 64}]\nplots: [contour]\nsweep: {train.seed: ["+strings.Join(seeds, ", ")+"]}\n")
	var err error
	if c.sweep, err = launch.Read(c.file, ""); err != nil {
		b.Fatal(err)
	}
	if c.graph, err = launch.Expand(b.Context(), c.sweep, data.Options{}, nil); err != nil {
		b.Fatal(err)
	}
	h, err := home.Open(c.dir, "test")
	if err != nil {
		b.Fatal(err)
	}
	set := settings.Bind(pflag.NewFlagSet("crowd", pflag.ContinueOnError))
	if err := set.Load(func(name string) (string, bool) { return c.dir, name == "LOSSATLAS_HOME" }); err != nil {
		b.Fatal(err)
	}
	c.session, err = session.Open(b.Context(), session.Options{Settings: set, Home: h, Embedded: embeddedServices})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.session.Close() })
	return c
}

// numerics is the class in which the sweep counts as computed.
func (c *crowd) numerics(b *testing.B) string {
	class, err := engine.Class(engine.Options{Backend: "go"})
	if err != nil {
		b.Fatal(err)
	}
	return class
}

// made is what a step writes, as far as it is read.
func (c *crowd) made(s pipelines.Step) map[string][]byte {
	name := []byte(s.ID)
	switch s.Kind {
	case pipelines.KindTrain:
		log := trainlog.Log{Final: trainlog.Final{TrainLoss: 0.1, TrainAccuracy: 95, TestLoss: 0.4, TestAccuracy: 80}}
		for n := range 20 {
			log.Epochs = append(log.Epochs, trainlog.Epoch{Epoch: n + 1, LR: 0.1, TrainLoss: 1, TrainAccuracy: 90, TestLoss: trainlog.Number(len(s.ID)), TestAccuracy: 80, WeightNorm: 10})
		}
		encoded, _ := json.Marshal(log)
		return map[string][]byte{pipelines.OutWeights: name, pipelines.OutLog: append(encoded, strings.Repeat(" ", int(artifacts.Of(name)[0]))...)}
	case pipelines.KindFlatness:
		encoded, _ := json.Marshal(surface.FlatnessResult{Summary: []surface.Summary{{Name: "width0.5", Mean: float64(artifacts.Of(name)[0]), Count: 1}, {Name: "convex", Mean: 90, Count: 1}}})
		return map[string][]byte{pipelines.OutFlatness: encoded}
	case pipelines.KindDirections:
		return map[string][]byte{pipelines.OutDirections: name}
	case pipelines.KindSurface:
		return map[string][]byte{pipelines.OutGrid: name}
	case pipelines.KindRender:
		return map[string][]byte{pipelines.OutPNG: name, pipelines.OutSVG: name, pipelines.OutPDF: name}
	}
	return map[string][]byte{pipelines.OutHTML: name}
}

// fill makes up the results of the first n experiments, and those of all experiments where n is all of them.
func (c *crowd) fill(b *testing.B, n int) map[string]artifacts.RootStep {
	b.Helper()
	var mu sync.Mutex
	done := map[string]artifacts.RootStep{}
	step := func(s pipelines.Step) {
		inputs := map[string]artifacts.Digest{}
		mu.Lock()
		for name, ref := range s.Inputs {
			inputs[name] = done[ref.Step].Outputs[ref.Output].Digest
		}
		mu.Unlock()
		recipe, err := s.Recipe(inputs, c.numerics(b))
		if err != nil {
			b.Error(err)
			return
		}
		r := artifacts.RootStep{Kind: string(s.Kind), State: artifacts.StateRan, Seconds: 1, Outputs: map[string]artifacts.Blob{}}
		if r.Key, err = recipe.Key(); err != nil {
			b.Error(err)
		}
		for name, bytes := range c.made(s) {
			if r.Outputs[name], err = c.session.Store.Put(b.Context(), bytes); err != nil {
				b.Error(err)
			}
		}
		if _, err := c.session.Store.PutAction(b.Context(), artifacts.Action{Key: r.Key, Recipe: recipe, Outputs: r.Outputs, Made: artifacts.Provenance{At: time.Now().UTC(), Spent: artifacts.Spent{Seconds: 1}, Numerics: recipe.Numerics}}); err != nil {
			b.Error(err)
		}
		mu.Lock()
		done[s.ID] = r
		mu.Unlock()
	}
	var all sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, e := range c.graph.Experiments[:n] {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			for _, s := range e.Steps {
				step(s)
			}
		})
	}
	all.Wait()
	if n == len(c.graph.Experiments) {
		for _, s := range c.graph.Final {
			step(s)
		}
	}
	return done
}

// store puts the graph into the store.
func (c *crowd) store(b *testing.B) artifacts.Blob {
	b.Helper()
	encoded, err := json.Marshal(c.graph)
	if err != nil {
		b.Fatal(err)
	}
	blob, err := c.session.Store.Put(b.Context(), encoded)
	if err != nil {
		b.Fatal(err)
	}
	return blob
}

// measure times commands: wall clock, and the time on cores of the command and of the services in this process.
func (c *crowd) measure(b *testing.B, commands ...string) {
	b.Helper()
	for _, line := range commands {
		b.Run(strings.Fields(line)[0], func(b *testing.B) {
			var cores time.Duration
			for b.Loop() {
				before := usage(b)
				cmd := command(b.Context(), c.dir, append(strings.Fields(line), "--backend", "go")...)
				var said strings.Builder
				cmd.Stderr = &said
				if err := cmd.Run(); err != nil {
					b.Fatalf("%s: %v\n%s", line, err, &said)
				}
				cores += usage(b) - before + cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			}
			b.ReportMetric(cores.Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// usage is the time on cores that this process has had.
func usage(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// stuck is activities of which no training ends.
type stuck struct{ *activities.Activities }

func (s *stuck) MakeStep(ctx context.Context, in activities.StepInput, _ artifacts.Spent) (activities.StepResult, error) {
	return activities.StepResult{}, compute(ctx, 24*time.Hour)
}

// crowdSize is how many experiments the sweep of BenchmarkCrowd has.
const crowdSize = 1000

// BenchmarkCrowd measures the commands that look at a sweep of a thousand experiments: when it is done, half done and
// running, and half done and interrupted.
func BenchmarkCrowd(b *testing.B) {
	b.Run("done", func(b *testing.B) {
		c := newCrowd(b, crowdSize)
		root := artifacts.Root{Sweep: "crowd", RunID: "made up", State: artifacts.StateDone, Started: time.Now(), Finished: time.Now(), Numerics: c.numerics(b), Graph: c.store(b), Steps: c.fill(b, crowdSize)}
		if err := c.session.Store.PutRoot(b.Context(), root); err != nil {
			b.Fatal(err)
		}
		if err := c.session.Close(); err != nil {
			b.Fatal(err)
		}
		c.measure(b, "list", "status crowd", "show crowd", "plan "+c.file)
	})
	b.Run("running", func(b *testing.B) {
		c := newCrowd(b, crowdSize)
		c.fill(b, crowdSize/2)
		client, err := c.session.Temporal(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		acts := &activities.Activities{Machine: &runner.Machine{Store: c.session.Store, Log: zerolog.Nop(), Engine: engine.Options{Backend: "go"}}, Client: client, Program: "crowd"}
		workers, err := registry.Start(client, acts, registry.Options{Steps: &stuck{acts}})
		if err != nil {
			b.Fatal(err)
		}
		in := activities.SweepInput{Sweep: "crowd", Graph: c.store(b).Digest, Numerics: c.numerics(b)}
		for _, e := range c.graph.Experiments {
			in.Experiments = append(in.Experiments, e.Name)
		}
		if _, err := launch.Start(b.Context(), client, c.session.Payloads().Data, in, activities.DefaultPriority, func(string, ...any) {}); err != nil {
			b.Fatal(err)
		}
		last := c.graph.Experiments[crowdSize/2].Name + "/train"
		for end := time.Now().Add(10 * time.Minute); ; time.Sleep(5 * time.Second) {
			var s statusOf
			stdout, stderr, code := invoke(b, c.dir, "status", "crowd", "--output", "json")
			if code == 0 {
				decode(b, stdout, &s)
			}
			if running := fmt.Sprint(s.in("running"), s.in("waiting")[:min(1, len(s.in("waiting")))]); strings.Contains(running, last) && s.Done >= crowdSize/2*5 {
				break
			}
			if time.Now().After(end) {
				b.Fatalf("the sweep does not come to its middle: %d steps are done\n%s", s.Done, stderr)
			}
		}
		c.measure(b, "list", "status crowd", "show crowd", "plan "+c.file)
		b.Run("interrupted", func(b *testing.B) {
			workers.Stop()
			if err := c.session.Close(); err != nil {
				b.Fatal(err)
			}
			c.measure(b, "list", "status crowd", "show crowd")
		})
	})
}
