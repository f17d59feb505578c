package session

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lossatlas/workers/home"
)

// leastSpace is what the disk must have free for a server to be started: less
// than a small sweep fills, more than what the server's database begins with.
// Without it, the server would try for a minute to make its database.
const leastSpace = 16 << 20

// What this process must be allowed for the services to run in it. They open some 50 files for a small sweep, and write
// none of more than a few MiB for it.
const (
	leastFiles    = 256
	leastFileSize = 64 << 20
)

// checkLimits refuses to start services that would fail in the middle of a sweep.
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

// CheckSpace is an error when the disk of the services that this process runs is
// full: they may not answer then.
func (s *Session) CheckSpace() error {
	if s.role != Owner {
		return nil
	}
	return checkSpace(s.opts.Home)
}

// checkSpace refuses a disk that is full, before a server tries to write to it.
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
