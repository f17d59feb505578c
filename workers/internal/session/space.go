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
