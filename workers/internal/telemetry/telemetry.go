// Package telemetry shows operators what a process does: metrics for Prometheus, whether it lives
// and is ready for work, and traces for a collector.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
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

// Options say what is shown, and where.
type Options struct {
	// Address is host:port to serve /metrics, /healthz and /readyz at; "" serves nothing.
	Address string
	Version string
	// Alive says what is wrong with this process, which only a new start can mend. Nil knows nothing.
	Alive func() error
	Log   zerolog.Logger
}

// Telemetry is what Start started. A nil one shows nothing.
type Telemetry struct {
	address string
	options Options
	meters  *metric.MeterProvider
	traces  *trace.TracerProvider
	server  *http.Server
	checks  chan map[string]Check // of one element: the current ones
}

// Check says whether something that the process needs answers.
type Check func(context.Context) error

const (
	checkTimeout = 2 * time.Second
	stopTimeout  = 5 * time.Second
	// endpoint is the variable that names the collector of traces, as for every program with OpenTelemetry.
	endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
)

// Start serves metrics, health and readiness where an address is given, and sends traces where the
// environment names a collector (OTEL_EXPORTER_OTLP_ENDPOINT). With neither it returns nil.
func Start(ctx context.Context, o Options) (*Telemetry, error) {
	if o.Address == "" && os.Getenv(endpoint) == "" {
		return nil, nil
	}
	t := &Telemetry{options: o, checks: make(chan map[string]Check, 1)}
	t.checks <- map[string]Check{}
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
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, t.alive())
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		answer(w, t.ready(r.Context()))
	})
	t.server = &http.Server{Handler: mux, ReadHeaderTimeout: checkTimeout}
	go func() {
		if err := t.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.options.Log.Warn().Err(err).Msg("metrics are served no longer")
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

// ready asks everything that the process needs. A process is not ready before it has said what that is.
func (t *Telemetry) ready(ctx context.Context) error {
	checks := <-t.checks
	t.checks <- checks
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

// Ready says what the process needs, now that it takes work. Nil takes that back, for a process that drains.
func (t *Telemetry) Ready(checks map[string]Check) {
	if t == nil {
		return
	}
	<-t.checks
	t.checks <- checks
}

// Address is host:port of what is served, "" for nothing.
func (t *Telemetry) Address() string {
	if t == nil {
		return ""
	}
	return t.address
}

// Client makes a client of Temporal measure and trace what goes through it and its workers.
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

// Stop ends what Start started, sending the traces that are left.
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
