package telemetry_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.temporal.io/sdk/client"

	"lossatlas/workers/internal/telemetry"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// TestServed: metrics are there from the start, health follows the process, and readiness what it needs.
func TestServed(t *testing.T) {
	var sick error
	o := telemetry.Options{Address: "127.0.0.1:0", Version: "v1", Alive: func() error { return sick }, Log: zerolog.Nop()}
	s, err := telemetry.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	site := "http://" + s.Address()
	counter, err := otel.Meter("lossatlas").Int64Counter("lossatlas.steps")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 3)
	var c client.Options
	if err := s.Client(&c); err != nil || c.MetricsHandler == nil {
		t.Errorf("a client is not measured: %v", err)
	}
	c.MetricsHandler.WithTags(map[string]string{"queue": "cpu"}).Counter("temporal_request").Inc(2)
	if code, body := get(t, site+"/metrics"); code != http.StatusOK || !strings.Contains(body, "lossatlas_steps_total 3") || !strings.Contains(body, `temporal_request_total{queue="cpu"} 2`) || !strings.Contains(body, "go_goroutines") {
		t.Errorf("metrics: %d\n%s", code, body)
	}
	check := func(path string, want int, says string) {
		t.Helper()
		if code, body := get(t, site+path); code != want || !strings.Contains(body, says) {
			t.Errorf("%s: %d %s, want %d with %q", path, code, body, want, says)
		}
	}
	check("/healthz", http.StatusOK, "ok")
	sick = errors.New("stuck")
	check("/healthz", http.StatusServiceUnavailable, "stuck")
	check("/readyz", http.StatusServiceUnavailable, "no work is taken yet")
	var away error
	s.Ready(map[string]telemetry.Check{"Temporal": func(context.Context) error { return away }, "the store": func(context.Context) error { return nil }})
	check("/readyz", http.StatusOK, "ok")
	away = errors.New("no answer")
	check("/readyz", http.StatusServiceUnavailable, "Temporal: no answer")
	s.Ready(nil)
	check("/readyz", http.StatusServiceUnavailable, "no work is taken yet")

	if _, err := telemetry.Start(t.Context(), telemetry.Options{Address: s.Address(), Log: zerolog.Nop()}); err == nil || !strings.Contains(err.Error(), s.Address()) {
		t.Errorf("an address that is taken: %v", err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(site + "/metrics"); err == nil {
		t.Error("metrics are served after the end")
	}
}

// TestNothing: where nothing is to be shown, there is nothing.
func TestNothing(t *testing.T) {
	s, err := telemetry.Start(t.Context(), telemetry.Options{})
	if s != nil || err != nil {
		t.Fatalf("%v, %v", s, err)
	}
	var o client.Options
	if err := errors.Join(s.Client(&o), s.Stop()); err != nil || o.MetricsHandler != nil || s.Address() != "" {
		t.Errorf("%+v, %v", o, err)
	}
	s.Ready(nil)
}
