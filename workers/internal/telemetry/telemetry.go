// Package telemetry serves metrics for Prometheus, liveness and readiness of a process, and sends traces to a collector.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
)

// Options configure the telemetry of a process.
type Options struct {
	// Address is host:port to serve /metrics, /healthz and /readyz at; "" serves nothing.
	Address string
	Version string
	// Alive is an error if the process needs a restart; it may be nil.
	Alive func() error
	Log   zerolog.Logger
}

// Telemetry is the telemetry of a process. A nil one does nothing.
type Telemetry struct {
	address string
	options Options
	meters  *metric.MeterProvider
	traces  *trace.TracerProvider
	server  *http.Server
	checks  atomic.Pointer[map[string]Check]
}

// Check tests something that the process needs.
type Check func(context.Context) error

const (
	checkTimeout = 2 * time.Second
	stopTimeout  = 5 * time.Second
	// endpoint is OpenTelemetry's variable for the collector of traces.
	endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
)

// Start serves metrics, liveness and readiness if there is an address, and sends traces if the environment names a collector
// (OTEL_EXPORTER_OTLP_ENDPOINT). With neither it returns nil.
func Start(ctx context.Context, o Options) (*Telemetry, error) {
	if o.Address == "" && os.Getenv(endpoint) == "" {
		return nil, nil
	}
	t := &Telemetry{options: o}
	t.Ready(nil)
	self := resource.NewSchemaless(semconv.ServiceName("lossatlas"), semconv.ServiceVersion(o.Version))
	if os.Getenv(endpoint) != "" {
		spans, err := otlptracegrpc.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("traces to %s: %w", os.Getenv(endpoint), err)
		}
		t.traces = trace.NewTracerProvider(trace.WithBatcher(spans), trace.WithResource(self))
		otel.SetTracerProvider(t.traces)
	}
	if o.Address == "" {
		return t, nil
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	t.meters = metric.NewMeterProvider(metric.WithReader(metrics), metric.WithResource(self))
	otel.SetMeterProvider(t.meters)
	return t, t.serve(registry)
}

func (t *Telemetry) serve(registry *prometheus.Registry) error {
	l, err := net.Listen("tcp", t.options.Address)
	if err != nil {
		return fmt.Errorf("metrics can't be served at %s: %w", t.options.Address, err)
	}
	t.address = l.Addr().String()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, t.alive()) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { answer(w, t.ready(r.Context())) })
	t.server = &http.Server{Handler: mux, ReadHeaderTimeout: checkTimeout}
	go func() {
		if err := t.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.options.Log.Warn().Err(err).Msg("the server of metrics has failed")
		}
	}()
	return nil
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (t *Telemetry) alive() error {
	if t.options.Alive == nil {
		return nil
	}
	return t.options.Alive()
}

// ready runs the checks; without checks, the process is not ready.
func (t *Telemetry) ready(ctx context.Context) error {
	checks := *t.checks.Load()
	if len(checks) == 0 {
		return errors.New("not ready: no work is taken yet")
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var errs []error
	for name, check := range checks {
		if err := check(ctx); err != nil {
			errs = append(errs, fmt.Errorf("not ready: %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// Ready sets the checks of a process that takes work, nil for one that starts or drains.
func (t *Telemetry) Ready(checks map[string]Check) {
	if t != nil {
		t.checks.Store(&checks)
	}
}

// Address is host:port of the server, "" without one.
func (t *Telemetry) Address() string {
	if t == nil {
		return ""
	}
	return t.address
}

// Client adds metrics and traces to the options of a Temporal client and its workers.
func (t *Telemetry) Client(o *client.Options) error {
	if t == nil {
		return nil
	}
	if t.meters != nil {
		o.MetricsHandler = opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
			Meter: t.meters.Meter("temporal-sdk-go"), UseMonotonicCounters: true,
			OnError: func(err error) { t.options.Log.Warn().Err(err).Msg("a metric of Temporal's SDK") },
		})
	}
	if t.traces == nil {
		return nil
	}
	tracing, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{Tracer: t.traces.Tracer("lossatlas")})
	if err != nil {
		return err
	}
	o.Interceptors = append(o.Interceptors, interceptor.ClientInterceptor(tracing))
	return nil
}

// Stop stops the server and sends the remaining traces.
func (t *Telemetry) Stop() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var errs []error
	if t.server != nil {
		errs = append(errs, t.server.Shutdown(ctx), t.meters.Shutdown(ctx))
	}
	if t.traces != nil {
		errs = append(errs, t.traces.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
