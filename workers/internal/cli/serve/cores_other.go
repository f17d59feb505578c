//go:build !linux

package serve

import (
	"runtime"
	"syscall"
)

// ownCores are the cores that this process may use.
func ownCores() ([]int, error) {
	cores := make([]int, runtime.NumCPU())
	for i := range cores {
		cores[i] = i
	}
	return cores, nil
}

// pin does nothing: this system does not keep a process to cores.
func pin([]int) error { return nil }

// child is how a worker process is started: the terminal's Ctrl-C goes to the one that starts it alone.
func child() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
