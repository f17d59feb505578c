package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"

	"lossatlas/activities/engine"
	"lossatlas/pipelines"
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

// queue is the task queue on which a step is computed, "" for one that does not compute.
func (a *Activities) queue(ctx context.Context, in StepInput) string {
	kind := pipelines.Kind(in.Recipe.Kind)
	switch {
	case !kind.Computes():
		return ""
	case in.Recipe.Numerics != "":
		return ClassQueue(in.Recipe.Numerics)
	case longest(kind) && a.gpus.served(ctx, a):
		return QueueGPU
	}
	return QueueCPU
}

// longest says whether steps of this kind are those that take longest, each one on a worker of its own for hours:
// trainings and Hessians. Maps have many short chunks, which every worker may have some of.
func longest(kind pipelines.Kind) bool {
	switch kind {
	case pipelines.KindTrain, pipelines.KindEigenvectors, pipelines.KindHessian, pipelines.KindSpectrum:
		return true
	}
	return false
}

// Serving is a task queue that a worker process serves.
type Serving struct {
	Queue string
	// Class is the process's numerics class, where the queue is one of computing.
	Class string
}

// Identity is what a worker process is called in Temporal: process, machine and, unless it is "", numerics class.
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

// lookEvery is how often a process asks whether a worker with a GPU is there.
const lookEvery = 5 * time.Second

// gpus remembers whether a worker with a GPU is there.
type gpus struct {
	mu    sync.Mutex
	there bool
	asked time.Time
}

func (g *gpus) served(ctx context.Context, a *Activities) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.asked) < lookEvery {
		return g.there
	}
	list, err := Served(ctx, a.Client, activity.GetInfo(ctx).Namespace)
	if err != nil {
		a.Log.Debug().Err(err).Msg("whether a GPU is there can't be asked")
		return g.there
	}
	g.there, g.asked = slices.ContainsFunc(list, func(s Serving) bool { return s.Queue == QueueGPU }), time.Now()
	return g.there
}
