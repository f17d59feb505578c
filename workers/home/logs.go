package home

import (
	"errors"
	"io/fs"
	"os"
)

// maxLog is the size in bytes above which a log file is set aside.
const maxLog = 8 << 20

// Log opens logs/<name>.log for appending. A file of more than 8 MiB becomes
// <name>.1.log first, in place of the one before it, so logs stay bounded.
func (h *Home) Log(name string) (*os.File, error) {
	dir, err := h.Folder("logs")
	if err != nil {
		return nil, err
	}
	path := h.Path("logs", name+".log")
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, h.Path("logs", name+".1.log")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, h.explain("set aside "+path, err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, h.explain("open a log in "+dir, err)
	}
	return f, nil
}
