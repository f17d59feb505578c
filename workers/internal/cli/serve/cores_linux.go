package serve

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownCores are the cores that this process may use.
func ownCores() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("which cores there are: %w", err)
	}
	var cores []int
	for i := range len(set) * 64 {
		if set.IsSet(i) {
			cores = append(cores, i)
		}
	}
	return cores, nil
}

// pin binds this thread, and the processes that it starts, to some cores.
func pin(cores []int) error {
	var set unix.CPUSet
	for _, i := range cores {
		set.Set(i)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("keep a worker process to the cores %v: %w", cores, err)
	}
	return nil
}

// child is how a worker process is started: the terminal's Ctrl-C goes to the one that starts it alone, and it
// ends when that one is killed.
func child() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
