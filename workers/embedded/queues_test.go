package embedded_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"

	"lossatlas/activities"
	"lossatlas/workers/embedded"
)

// TestTrainingsGoWhereTheyBelong: to their numerics class where their keys promise one, else to a GPU where
// one is there, else to any worker.
func TestTrainingsGoWhereTheyBelong(t *testing.T) {
	const gpu = "xla:1:f32:cuda-Card:v1"
	came := make(chan string, 1)
	train := func(ctx context.Context, _ activities.StepInput) error {
		came <- activity.GetInfo(ctx).TaskQueue
		return nil
	}
	s := newSite(t, train)
	s.train(t, activities.QueueCPU, "go:1:f32:cpu:v1", train)
	n := 0
	queue := func(anyNumerics bool) string {
		t.Helper()
		n++
		name := fmt.Sprint("s", n)
		if err := s.begin(t, name, activities.DefaultPriority, anyNumerics, name).Get(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		return <-came
	}
	exact := activities.ClassQueue("test")
	if got := queue(false); got != exact {
		t.Errorf("an exact training is done on task queue %s, want %s", got, exact)
	}
	if got := queue(true); got != activities.QueueCPU {
		t.Errorf("with no GPU, a training of any numerics is done on task queue %s, want %s", got, activities.QueueCPU)
	}
	s.train(t, activities.QueueGPU, gpu, train)
	for end := time.Now().Add(30 * time.Second); queue(true) != activities.QueueGPU; time.Sleep(500 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("trainings of any numerics don't go to the GPU that is there")
		}
	}
	if got := queue(false); got != exact {
		t.Errorf("with a GPU, an exact training is done on task queue %s, want %s", got, exact)
	}
	served, err := activities.Served(t.Context(), s.client, embedded.Namespace)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []activities.Serving{{Queue: activities.QueueGPU, Class: gpu}, {Queue: activities.QueueIO}, {Queue: exact}} {
		if !slices.Contains(served, want) {
			t.Errorf("%v are served, want %v among them", served, want)
		}
	}
}
