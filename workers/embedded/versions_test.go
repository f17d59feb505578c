package embedded_test

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"lossatlas/activities"
	"lossatlas/artifacts"
)

// TestSweepsEndOnTheVersionTheyBeganWith: when a new version of the workers has become the current one, a sweep that
// the old one has begun is done by the old one to its last step, and a new sweep by the new one.
func TestSweepsEndOnTheVersionTheyBeganWith(t *testing.T) {
	s := newEmptySite(t)
	s.concurrency = 1 // its steps begin one after the other
	came, goOn := make(chan string), make(chan struct{})
	start := func(build string) {
		t.Helper()
		v := worker.WorkerDeploymentVersion{DeploymentName: "lossatlas", BuildID: build}
		s.workflows(t, v)
		o := worker.Options{DeploymentOptions: worker.DeploymentOptions{UseVersioning: true, Version: v}}
		s.trainAs(t, activities.ClassQueue("test"), o, func(ctx context.Context, _ activities.StepInput) error {
			came <- build
			<-goOn
			return nil
		})
		h := s.client.WorkerDeploymentClient().GetHandle("lossatlas")
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) { // until the server knows the version
			_, err := h.SetCurrentVersion(t.Context(), client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
			if err == nil {
				return
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
	}
	want := func(build string) {
		t.Helper()
		select {
		case got := <-came:
			if got != build {
				t.Errorf("a training is done by version %s, want %s", got, build)
			}
			goOn <- struct{}{}
		case <-time.After(time.Minute):
			t.Fatal("no training begins")
		}
	}
	start("one")
	old := s.sweep(t, "old", activities.DefaultPriority, names("old", 3)...)
	want("one")
	start("two")
	want("one")
	want("one")
	young := s.sweep(t, "young", activities.DefaultPriority, "young")
	want("two")
	for name, run := range map[string]client.WorkflowRun{"old": old, "young": young} {
		if err := run.Get(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		root, err := s.store.Root(t.Context(), name)
		if err != nil || root.State != artifacts.StateDone {
			t.Errorf("sweep %s is recorded as %s (%v), want done", name, root.State, err)
		}
	}
}
