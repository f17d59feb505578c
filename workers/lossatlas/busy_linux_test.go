package main_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lossatlas/workers/embedded"
	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/cli"
	"lossatlas/workers/internal/services"
)

// stall is longer than the time after which the program says that it waits.
const stall = 40 * time.Second

const tinySweep = "name: tiny\ndataset: {name: shapes10, train: 8, test: 8}\ntrain: {net: small, epochs: 1, batch_size: 8}\nplots: [training]\n"

// TestBusyOwnerIsWaitedFor: commands on a home whose process gets no time wait for it, say so once, and answer; an
// interrupt ends the wait.
func TestBusyOwnerIsWaitedFor(t *testing.T) {
	home := t.TempDir()
	up := background(t, home, "up")
	serves := func() bool { _, err := os.Stat(home + "/services.json"); return err == nil }
	for end := time.Now().Add(2 * time.Minute); !serves() && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
	}
	runSweep(t, home, writeSweep(t, tinySweep))
	if err := up.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	interrupted := background(t, home, "status")
	time.AfterFunc(stall, func() { _ = up.Process.Signal(syscall.SIGCONT) })
	var all sync.WaitGroup
	for command, want := range map[string]string{"status": "1 sweep, all done", "show tiny": "done", "list": "tiny"} {
		all.Go(func() {
			stdout, stderr, code := invoke(t, home, strings.Fields(command)...)
			if code != 0 || !strings.Contains(stdout, want) {
				t.Errorf("%s ended with %d and says\n%s%s", command, code, stdout, stderr)
			}
			if strings.Count(stderr, "the machine is busy: ") != 1 {
				t.Errorf("%s says of its waiting: %q", command, stderr)
			}
		})
	}
	time.Sleep(stall / 4)
	began := time.Now()
	if err := interrupted.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = interrupted.Wait() // its code is looked at
	if took := time.Since(began); interrupted.ProcessState.ExitCode() != 130 || took > stall/4 {
		t.Errorf("interrupted, a command that waits ended with %d after %v", interrupted.ProcessState.ExitCode(), took)
	}
	all.Wait()
}

// late is a Temporal server behind a slow network.
type late struct {
	services.Temporal
	network *proxy
}

func (l late) Address() string { return l.network.addr() }

// watched takes what a command says, and calls what is to be done once it has said something.
type watched struct {
	mu   sync.Mutex
	said bytes.Buffer
	word string
	then func()
	once sync.Once
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said.Write(b)
	if strings.Contains(w.said.String(), w.word) {
		w.once.Do(w.then)
	}
	return len(b), nil
}

// TestBusyServerIsWaitedFor: a run whose own server answers late, at the start and in the middle, continues.
func TestBusyServerIsWaitedFor(t *testing.T) {
	var network *proxy
	servers := &services.Embedded{
		Temporal: func(ctx context.Context, o services.TemporalOptions) (services.Temporal, error) {
			server, err := embedded.StartTemporal(ctx, embedded.Options{DBPath: o.DBPath, FrontendPort: o.FrontendPort, Namespace: o.Namespace, Identity: o.Identity, Log: o.Log})
			if err != nil {
				return nil, err
			}
			network = newProxy(t, server.Address())
			network.slow(stall/3, 0) // the first words
			time.AfterFunc(2*time.Second, func() { network.slow(0, 0) })
			return late{server, network}, nil
		},
		Store: func(ctx context.Context, o services.StoreOptions) (services.Store, error) {
			return s3.Start(ctx, o)
		},
	}
	env := map[string]string{"LOSSATLAS_HOME": t.TempDir(), "HOME": t.TempDir()}
	errs := &watched{word: "/sweeps/tiny", then: func() {
		network.slow(stall, 0)
		time.AfterFunc(2*time.Second, func() { network.slow(0, 0) })
	}}
	var out bytes.Buffer
	p := cli.Program{Embedded: servers, In: strings.NewReader(""), Out: &out, Err: errs, Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	code := p.Run(t.Context(), []string{"run", writeSweep(t, strings.Replace(tinySweep, "plots: [training]", "plots: [training]\nsweep: {train.seed: [1, 2, 3]}", 1)), "--backend", "go"})
	errs.mu.Lock()
	defer errs.mu.Unlock()
	if said := errs.said.String(); code != 0 || strings.Count(said, "the machine is busy: Temporal has not answered for 30 s; waiting") != 1 {
		t.Errorf("the run ended with %d and says\n%s\n%s", code, &out, said)
	}
}
