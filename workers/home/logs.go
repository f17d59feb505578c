package home

import (
	"errors"
	"io/fs"
	"os"
)

// maxLog is the size in bytes above which a log file is rotated.
const maxLog = 8 << 20

// Log opens logs/<name>.log for appending. A file above maxLog is renamed to <name>.1.log first and replaces the one there.
func (h *Home) Log(name string) (*os.File, error) {
	dir, err := h.Folder("logs")
	if err != nil {
		return nil, err
	}
	path := h.Path("logs", name+".log")
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, h.Path("logs", name+".1.log")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, h.explain("rotate "+path, err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, h.explain("open a log in "+dir, err)
	}
	return f, nil
}
