package serve

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/session"
)

const (
	// secondAfter is how long the workers of a process must have computed before a second process joins them, so that small
	// sweeps do not pay for its start.
	secondAfter = 10 * time.Second
	// secondIdle is the idle time after which the second process ends, until there is work again.
	secondIdle = 5 * time.Minute
)

// Second is a worker process next to the workers of this process, on the embedded services. XLA executes one program at a
// time in a process, and between the parts of a program a core waits for the others: on two cores two processes train 1.1 to
// 1.6 times as many images a second as one, and a surface of ResNet-56 that takes one process 103 s takes both 87 s.
type Second struct {
	stop  context.CancelFunc
	ended chan struct{}
}

// StartSecond lets a second process join the workers of the owner of the embedded services once they have computed for a while. There is
// no second one on a single core, on a GPU, without a plugin, and where the setting second-worker is off.
func StartSecond(ctx context.Context, a *app.App, s *session.Session, w WorkerSet, e engine.Options) *Second {
	class, err := engine.Class(e)
	if s.Role() != session.Owner || w.Workers == nil || !a.Restart || a.Settings.SecondWorker == "off" ||
		err != nil || e.Plugin == "" || engine.Device(class) == activities.QueueGPU || runtime.NumCPU() < 2 {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	second := &Second{stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(second.ended)
		runtime.LockOSThread() // the process ends with the thread that starts it
		for {
			before := w.Worked()
			for w.Worked()-before < secondAfter {
				select {
				case <-ctx.Done():
					return
				case <-time.After(time.Second):
				}
			}
			code, err := runSecond(ctx, a, e)
			if ctx.Err() != nil || code == int(exit.Usage) {
				return
			}
			if err != nil {
				a.Log.Error().Err(err).Msg("the second worker process ended; another one follows")
			}
		}
	}()
	return second
}

// runSecond runs the second process to its end, and returns its exit code, -1 for one that was killed or never began.
func runSecond(ctx context.Context, a *app.App, e engine.Options) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return int(exit.Usage), err
	}
	set := a.Settings
	cmd := exec.CommandContext(ctx, self, "worker", "--queues="+activities.QueueCPU, "--idle="+secondIdle.String(), "--drain="+drain.String(),
		"--home="+set.Home, "--data="+set.Data, "--backend="+set.Backend, "--plugin="+e.Plugin, "--metrics-address=", "--log-level=off")
	cmd.Env, cmd.SysProcAttr = engine.Environ(os.Environ()), child()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it drains
	err = cmd.Run()
	if cmd.ProcessState == nil {
		return -1, err
	}
	return cmd.ProcessState.ExitCode(), err
}

// Stop drains the second process and waits for its end. It may be called twice, and of no second process.
func (s *Second) Stop() {
	if s != nil {
		s.stop()
		<-s.ended
	}
}
