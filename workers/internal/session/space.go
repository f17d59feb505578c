package session

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lossatlas/workers/home"
)

// leastSpace is the free disk space in bytes needed to start a server, more than its empty database. With less, the server would
// retry for a minute to make the database.
const leastSpace = 16 << 20

// The least limits of this process for the services. For a small sweep, they open some 50 files, of a few MiB at most.
const (
	leastFiles    = 256
	leastFileSize = 64 << 20
)

// checkLimits refuses limits under which services would fail in the middle of a sweep.
func checkLimits() error {
	var files, size unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return fmt.Errorf("how many files may be open: %w", err)
	}
	if files.Cur < leastFiles {
		return fmt.Errorf("this process may open %d files at a time and the services need %d: raise the limit (`ulimit -n 1024`)", files.Cur, leastFiles)
	}
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &size); err != nil {
		return fmt.Errorf("how large files may be: %w", err)
	}
	if size.Cur < leastFileSize {
		return fmt.Errorf("this process may write files of at most %d KiB and the services need %d MiB: raise the limit (`ulimit -f unlimited`)", size.Cur>>10, leastFileSize>>20)
	}
	return nil
}

// CheckSpace is an error if the disk of the services of this process is full, when they may not answer.
func (s *Session) CheckSpace() error {
	if s.role != Owner {
		return nil
	}
	return checkSpace(s.opts.Home)
}

// checkSpace refuses a disk with less than leastSpace.
func checkSpace(h *home.Home) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(h.Dir(), &fs); err != nil {
		return fmt.Errorf("how full is the disk of %s: %w", h.Dir(), err)
	}
	if free := fs.Bavail * uint64(fs.Bsize); free < leastSpace {
		return fmt.Errorf("no space left for the services: the disk of %s has %d MiB free and at least %d are needed; make room, or choose another home with --home", h.Dir(), free>>20, leastSpace>>20)
	}
	return nil
}
