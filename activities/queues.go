package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"

	"lossatlas/activities/engine"
	"lossatlas/activities/runner"
)

// Task queues, one per kind of resource. There is one more for each numerics class: ClassQueue.
const (
	QueueIO  = "io"  // look-ups, waiting, assembling, drawing; workflow code too
	QueueCPU = "cpu" // computing that any worker may do
	QueueGPU = "gpu" // computing that any worker may do, and that is best done by a GPU
)

// ClassQueue is the task queue of computing whose key promises a numerics class:
// "cpu-" or "gpu-", and eight digits of the class's SHA-256. Only workers of
// that class serve it.
func ClassQueue(class string) string {
	sum := sha256.Sum256([]byte(class))
	return engine.Device(class) + "-" + hex.EncodeToString(sum[:4])
}

// schedule says on which task queue a step is computed, and how much of it may be in that queue at a time, next to that of
// other experiments of the sweep.
func (a *Activities) schedule(ctx context.Context, job runner.Job, in *StepInput, experiments int) {
	served := a.workers.now(ctx, a)
	if in.Queue = QueueOf(job, served); in.Queue != QueueIO {
		in.Window = Window(Workers(served, in.Queue) / max(experiments, 1))
	}
}

// QueueOf is the task queue on which a step is done where these queues are served.
func QueueOf(job runner.Job, served []Serving) string {
	switch kind := job.Kind(); {
	case !kind.Computes():
		return QueueIO
	case job.Recipe.Numerics != "":
		return ClassQueue(job.Recipe.Numerics)
	case kind.Long() && Workers(served, QueueGPU) > 0:
		return QueueGPU
	}
	return QueueCPU
}

// Serving is a task queue that a worker process serves.
type Serving struct {
	Queue string
	// Class is the process's numerics class, where the queue is one of computing.
	Class string
}

// Identity is the name of a worker process in Temporal: process, machine and, unless it is "", numerics class.
func Identity(class string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return strings.TrimSpace(fmt.Sprintf("%d@%s %s", os.Getpid(), host, class))
}

// Served lists which task queues are served, once for each process that serves one, busy or not. A
// process that was killed is listed for some minutes more.
func Served(ctx context.Context, c client.Client, namespace string) ([]Serving, error) {
	var list []Serving
	for token := []byte(nil); ; {
		page, err := c.WorkflowService().ListWorkers(ctx, &workflowservice.ListWorkersRequest{Namespace: namespace, NextPageToken: token})
		if err != nil {
			return nil, fmt.Errorf("which workers are there: %w", err)
		}
		for _, w := range page.GetWorkers() {
			if w.GetStatus() == enumspb.WORKER_STATUS_RUNNING {
				_, class, _ := strings.Cut(w.GetWorkerIdentity(), " ")
				list = append(list, Serving{Queue: w.GetTaskQueue(), Class: class})
			}
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			return list, nil
		}
	}
}

// Workers counts those who serve a task queue.
func Workers(served []Serving, queue string) (n int) {
	for _, s := range served {
		if s.Queue == queue {
			n++
		}
	}
	return n
}

// LeastWindow is how much of a kind waits for workers or is with them at a time, at the least: enough for some
// workers to be busy, and few enough that first results come early and that all is soon cancelled.
const LeastWindow = 16

// Window is LeastWindow, or twice as much as there are workers, so that no worker has to wait.
func Window(workers int) int { return max(LeastWindow, 2*workers) }

// lookEvery is how often a process asks which workers there are.
const lookEvery = 5 * time.Second

// workers remembers which workers there are.
type workers struct {
	mu    sync.Mutex
	list  []Serving
	asked time.Time
}

// now returns the running workers, or the last known ones when Temporal does not answer.
func (w *workers) now(ctx context.Context, a *Activities) []Serving {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.asked) < lookEvery {
		return w.list
	}
	list, err := Served(ctx, a.Client, activity.GetInfo(ctx).Namespace)
	if err != nil {
		a.Machine.Log.Debug().Err(err).Msg("which workers there are can't be asked")
		return w.list
	}
	w.list, w.asked = list, time.Now()
	return w.list
}
