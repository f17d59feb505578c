package serve

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
)

// How long to wait before a worker process that died is started again: longer each
// time, unless it has lived for a while.
const (
	minDelay = time.Second
	maxDelay = time.Minute
)

// runProcesses runs worker processes, each as `lossatlas worker` with the same flags on its share of
// the machine, until the context ends and they have drained. One that dies is started again.
func runProcesses(ctx context.Context, a *app.App, processes int) error {
	if err := a.Begin(zerolog.InfoLevel, true); err != nil {
		return err
	}
	class, err := a.MachineClass()
	if err != nil {
		return err
	}
	cores, err := ownCores()
	if err != nil {
		return err
	}
	if processes < 1 || processes > len(cores) {
		return exit.Usagef("--processes: %d is not allowed; this process may use %s, so give 1 to %d", processes, app.Count(len(cores), "core"), len(cores))
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	for i := range processes {
		share := share{number: i, cores: cores[i*len(cores)/processes : (i+1)*len(cores)/processes]}
		if engine.Device(class) == activities.QueueGPU {
			share.gpu = visibleGPU(os.Getenv(cudaDevices), i)
		}
		args := append(os.Args[1:len(os.Args):len(os.Args)], "--processes=1")
		if address := a.Settings.MetricsAddress; address != "" {
			if address, err = portAfter(address, i); err != nil {
				return exit.Usagef("--metrics-address: %w", err)
			}
			args = append(args, "--metrics-address="+address)
		}
		all.Go(func() {
			if err := superviseProcess(ctx, a, share, self, args); err != nil {
				stop(err)
			}
		})
	}
	a.Say("%s, on %s", app.Count(processes, "worker"), app.Count(len(cores), "core"))
	all.Wait()
	var usage *exit.Error
	if errors.As(context.Cause(ctx), &usage) {
		return usage
	}
	return nil
}

// share is one worker process's share of the machine.
type share struct {
	number int
	cores  []int
	gpu    string // as CUDA names it, "" without a GPU
}

// cudaDevices is the environment variable that lists the GPUs for CUDA.
const cudaDevices = "CUDA_VISIBLE_DEVICES"

// visibleGPU is the i-th of the GPUs that CUDA sees.
func visibleGPU(visible string, i int) string {
	if names := strings.Split(visible, ","); visible != "" && i < len(names) {
		return strings.TrimSpace(names[i])
	}
	return strconv.Itoa(i)
}

// portAfter is an address with its port raised by n. Port 0, any free one, stays.
func portAfter(address string, n int) (string, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", err
	}
	if port != 0 {
		port += uint64(n)
	}
	return net.JoinHostPort(host, strconv.FormatUint(port, 10)), nil
}

// superviseProcess keeps one worker process running. It returns when the context has ended and the process has, too,
// or with an error when the process was called wrongly.
func superviseProcess(ctx context.Context, a *app.App, s share, self string, args []string) error {
	// A child inherits the cores of the thread that starts it, and ends with that thread, which
	// the goroutine therefore keeps to itself.
	runtime.LockOSThread()
	if err := pin(s.cores); err != nil {
		return exit.With(exit.Failed, err)
	}
	for delay := minDelay; ; delay = min(2*delay, maxDelay) {
		began := time.Now()
		code, err := runProcess(ctx, a, s, self, args)
		switch {
		case ctx.Err() != nil:
			return nil
		case code == int(exit.Usage):
			return exit.Silently(exit.Usage) // the process printed the reason
		}
		if time.Since(began) > maxDelay {
			delay = minDelay
		}
		a.Log.Error().Err(err).Int("process", s.number).Dur("delay", delay).Msg("a worker process ended and is started again")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(delay):
		}
	}
}

// runProcess runs a worker process once, to its end, and returns its exit code, -1 for one that was killed or never began.
func runProcess(ctx context.Context, a *app.App, s share, self string, args []string) (int, error) {
	cmd := exec.CommandContext(ctx, self, args...)
	// In this environment it does not start itself again, which would lose what child says of its parent's end.
	cmd.Stdout, cmd.Stderr, cmd.Env = a.RawOut, a.RawErr, engine.Environ(os.Environ())
	if s.gpu != "" {
		cmd.Env = append(cmd.Env, cudaDevices+"="+s.gpu)
	}
	cmd.SysProcAttr = child()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it drains
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return -1, err
	}
	return cmd.ProcessState.ExitCode(), err
}
