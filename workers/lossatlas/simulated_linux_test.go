package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
	"google.golang.org/grpc"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/activities/optim"
	"lossatlas/activities/runner"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/registry"
)

// The workers of the simulation are all in one process, each with connections of its own:
// this test binary, started again with serveRole and these in its environment.
const (
	roleWorkers = "workers"

	simulatedWorkers = "LOSSATLAS_TEST_WORKERS" // how many compute
	simulatedSorters = "LOSSATLAS_TEST_IO"      // how many serve the queue io
	simulatedChunk   = "LOSSATLAS_TEST_CHUNK"   // how long a chunk takes
	simulatedTrain   = "LOSSATLAS_TEST_TRAIN"   // how long a training takes
)

// simulated is a worker whose arithmetic takes a given time and comes to numbers of the right form. Everything
// else, what it reads and writes included, is that of a worker.
type simulated struct {
	*activities.Activities
	chunk, train time.Duration
	worked       *worked
	loaded       loaded
}

// loaded is the maps whose weights and directions a worker has at hand: as many as it keeps evaluators.
type loaded struct {
	mu   sync.Mutex
	keys []artifacts.Key // most recently used last
}

const keptEvaluators = 4 // of activities

// use says whether a map was at hand, and has it at hand from now on.
func (l *loaded) use(k artifacts.Key) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.keys, k)
	if i >= 0 {
		l.keys = slices.Delete(l.keys, i, i+1)
	}
	l.keys = append(l.keys, k)
	l.keys = l.keys[max(0, len(l.keys)-keptEvaluators):]
	return i >= 0
}

// portionDone is one simulated activity, a line of the workers' record.
type portionDone struct {
	Kind    string
	Began   time.Time
	Busy    float64 // seconds that the worker had it
	Modeled float64 // of these, those of arithmetic
	Queued  float64 // seconds from its scheduling to its start, by the server's clock
	Attempt int32
	Loaded  bool // the map was at hand
	Failed  string
}

// worked is the record of all workers of the process.
type worked struct {
	mu  sync.Mutex
	out *json.Encoder
}

func (w *worked) note(ctx context.Context, p portionDone, err error) {
	info := activity.GetInfo(ctx)
	p.Busy, p.Attempt = time.Since(p.Began).Seconds(), info.Attempt
	p.Queued = max(0, info.StartedTime.Sub(info.ScheduledTime).Seconds())
	if err != nil {
		p.Failed = err.Error()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.out.Encode(p) // a full disk is noticed by everything else
}

// compute takes time, saying now and then that it is alive.
func compute(ctx context.Context, d time.Duration) error {
	end := time.NewTimer(d)
	defer end.Stop()
	beat := time.NewTicker(activities.BeatEvery)
	defer beat.Stop()
	for {
		activity.RecordHeartbeat(ctx, runner.Progress{Unit: "point"})
		select {
		case <-end.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
		}
	}
}

// job is what a step is made from.
func (s *simulated) job(ctx context.Context, in activities.StepInput, params any) (job runner.Job, err error) {
	b, err := s.Machine.Store.GetPart(ctx, in.Key, "job")
	if err == nil {
		err = json.Unmarshal(b, &job)
	}
	if err == nil {
		err = json.Unmarshal(job.Recipe.Params, params)
	}
	return job, err
}

// RunChunk takes as long as one of a surface, reads what one reads, and stores a bowl.
func (s *simulated) RunChunk(ctx context.Context, in activities.StepInput, chunk int) (r activities.ChunkResult, err error) {
	done := portionDone{Kind: "chunk", Began: time.Now(), Modeled: s.chunk.Seconds()}
	defer func() { s.worked.note(ctx, done, err) }()
	var p pipelines.MapParams
	job, err := s.job(ctx, in, &p)
	if err != nil {
		return r, err
	}
	net, err := networks.Of(p.Net, p.Data.Problem)
	if err != nil {
		return r, err
	}
	points := p.X.N * p.Y.N
	chunks := surface.Chunks(surface.Rounds(p.X.N, p.Y.N), surface.PointsPerChunk(net.MACs(), p.Data.To-p.Data.From, points))
	if done.Loaded = s.loaded.use(in.Key); !done.Loaded {
		for _, d := range job.Recipe.Inputs {
			if _, err := s.Machine.Store.Get(ctx, d); err != nil {
				return r, err
			}
		}
	}
	if err := compute(ctx, s.chunk); err != nil {
		return r, err
	}
	values := make([]surface.Point, 0, len(chunks[chunk]))
	for _, i := range chunks[chunk] {
		x, y := float64(i%p.X.N)/float64(p.X.N)-0.5, float64(i/p.X.N)/float64(p.Y.N)-0.5
		values = append(values, surface.Point{Index: i, Loss: 0.1 + 4*x*x + 8*y*y + 0.01*math.Sin(float64(i)), Accuracy: 90 - 80*(x*x+y*y)})
	}
	return activities.ChunkResult{Spent: artifacts.Spent{Seconds: s.chunk.Seconds()}}, s.Machine.Store.PutPart(ctx, in.Key, fmt.Sprintf("points-%05d", chunk), surface.EncodePoints(values))
}

// MakeStep takes as long as a training, with a checkpoint after each epoch, and stores untrained weights; other steps it makes.
func (s *simulated) MakeStep(ctx context.Context, in activities.StepInput, spent artifacts.Spent) (r activities.StepResult, err error) {
	if in.Kind != pipelines.KindTrain {
		return s.Activities.MakeStep(ctx, in, spent)
	}
	done := portionDone{Kind: "train", Began: time.Now(), Modeled: s.train.Seconds(), Loaded: true}
	defer func() { s.worked.note(ctx, done, err) }()
	if a, err := s.Machine.Store.Lookup(ctx, in.Key); err == nil {
		return activities.StepResult{Key: in.Key, Outputs: a.Outputs}, nil
	} else if !errors.Is(err, artifacts.ErrNotFound) {
		return r, err
	}
	var p pipelines.TrainParams
	job, err := s.job(ctx, in, &p)
	if err != nil {
		return r, err
	}
	net, err := networks.Of(p.Net, p.Data.Problem)
	if err != nil {
		return r, err
	}
	theta, state := net.Init(p.Seed)
	var course trainlog.Log
	for n := range p.Epochs {
		if err := compute(ctx, s.train/time.Duration(p.Epochs)); err != nil {
			return r, err
		}
		loss := trainlog.Number(2 / float64(n+1))
		course.Epochs = append(course.Epochs, trainlog.Epoch{Epoch: n + 1, LR: 0.1, TrainLoss: loss, TrainAccuracy: 90, TestLoss: loss, TestAccuracy: 80, WeightNorm: 10})
		head, err := json.Marshal(course)
		if err != nil {
			return r, err
		}
		checkpoint := optim.Checkpoint{Epoch: n + 1, Theta: theta, State: state, Momentum: theta}.Encode()
		if err := s.Machine.Store.PutPart(ctx, in.Key, "checkpoint", append(head, checkpoint...)); err != nil {
			return r, err
		}
	}
	course.Final = trainlog.Final{TrainLoss: 0.1, TrainAccuracy: 95, TestLoss: 0.4, TestAccuracy: trainlog.Number(80 + p.Seed%10)}
	weights, err := net.Encode(theta, state, nil)
	if err != nil {
		return r, err
	}
	log, err := json.Marshal(course)
	if err != nil {
		return r, err
	}
	outputs := map[string]artifacts.Blob{}
	for name, b := range map[string][]byte{pipelines.OutWeights: weights, pipelines.OutLog: log} {
		if outputs[name], err = s.Machine.Store.Put(ctx, b); err != nil {
			return r, err
		}
	}
	info := activity.GetInfo(ctx)
	won, err := s.Machine.Store.PutAction(ctx, artifacts.Action{Key: in.Key, Recipe: job.Recipe, Outputs: outputs, Made: artifacts.Provenance{
		At: time.Now().UTC(), Spent: artifacts.Spent{Seconds: s.train.Seconds()}, Host: "simulated", Program: "simulation", Numerics: job.Recipe.Numerics,
		WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID, Producers: job.Producers,
	}})
	if err != nil {
		return r, err
	}
	return activities.StepResult{Key: in.Key, Outputs: won.Outputs, Seconds: s.train.Seconds()}, s.Machine.Store.DropParts(ctx, in.Key)
}

// calls counts what clients ask of Temporal, by the method's name.
type calls struct {
	mu    sync.Mutex
	count map[string]int
}

func (c *calls) intercept(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	c.mu.Lock()
	c.count[filepath.Base(method)]++
	c.mu.Unlock()
	return invoke(ctx, method, req, reply, conn, opts...)
}

// write replaces a file with the counts.
func (c *calls) write(file string) error {
	c.mu.Lock()
	b, err := json.Marshal(c.count)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// Files that the workers leave in serveDir.
const (
	workedFile = "worked.jsonl"
	callsFile  = "calls.json"
)

// runWorkers is the simulation's workers, until the process is killed.
func runWorkers() error {
	ctx, dir := context.Background(), os.Getenv(serveDir)
	out, err := os.Create(filepath.Join(dir, workedFile))
	if err != nil {
		return err
	}
	defer out.Close()
	c, w := &calls{count: map[string]int{}}, &worked{out: json.NewEncoder(out)}
	for _, crew := range []struct{ number, queue string }{{simulatedSorters, activities.QueueIO}, {simulatedWorkers, activities.QueueCPU}} {
		n, err := strconv.Atoi(os.Getenv(crew.number))
		if err != nil {
			return err
		}
		for range n {
			if err := startSimulated(ctx, crew.queue, w, c); err != nil {
				return err
			}
		}
	}
	fmt.Fprintln(os.Stderr, "serving the task queues")
	for ; ; time.Sleep(time.Second) {
		if err := c.write(filepath.Join(dir, callsFile)); err != nil {
			return err
		}
	}
}

// startSimulated starts one worker, with connections of its own.
func startSimulated(ctx context.Context, queue string, w *worked, c *calls) error {
	log2 := zerolog.New(os.Stderr).Level(zerolog.WarnLevel).With().Timestamp().Logger()
	store, err := artifacts.Open(ctx, artifacts.Config{
		Endpoint: os.Getenv("LOSSATLAS_S3_ENDPOINT")[len("https://"):], AccessKey: accessKey, SecretKey: secretKey, Bucket: "lossatlas", TLS: true, CAFile: os.Getenv("LOSSATLAS_S3_CA"),
	}, log2)
	if err != nil {
		return err
	}
	opts, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{})
	if err != nil {
		return err
	}
	opts.HostPort, opts.Namespace, opts.Logger = os.Getenv("LOSSATLAS_TEMPORAL_ADDRESS"), "lossatlas", log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	opts.Identity, opts.WorkerHeartbeatInterval = activities.Identity(""), 5*time.Second
	opts.ConnectionOptions.DialOptions = append(opts.ConnectionOptions.DialOptions, grpc.WithChainUnaryInterceptor(c.intercept))
	tc, err := client.DialContext(ctx, opts)
	if err != nil {
		return err
	}
	s := &simulated{Activities: &activities.Activities{Machine: &runner.Machine{Store: store, Log: log2, Engine: engine.Options{Backend: "go"}}, Client: tc, Program: "simulation"}, worked: w}
	if s.chunk, err = time.ParseDuration(os.Getenv(simulatedChunk)); err != nil {
		return err
	}
	if s.train, err = time.ParseDuration(os.Getenv(simulatedTrain)); err != nil {
		return err
	}
	_, err = registry.Start(tc, s.Activities, registry.Options{Queues: []string{queue}, Steps: s})
	return err
}
