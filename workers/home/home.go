// Package home is the folder with everything that the embedded services keep: Temporal's database, objects, plugins, logs
// and generated credentials. Two homes share nothing, and deleting a home leaves nothing behind.
//
//	version.json      the format of the home
//	credentials.json  access and secret key of the S3 endpoint, mode 0600
//	tls.pem           certificate and key of the Temporal server and its clients, mode 0600
//	links/            pages that redirect a browser to links with a token, mode 0600
//	ports.json        the loopback ports of the services
//	services.json     the addresses of the running services
//	lock              held by the process that runs the services
//	guests            held by the other processes that use them
//	temporal.db       Temporal's SQLite database, with -wal and -shm
//	temporal.db.damaged-TIME  a damaged one, renamed
//	watched/          checkpoints of watched folders that no run has recorded yet
//	watching/         which process watches which folder for a sweep
//	objects/ plugins/ logs/ reports/ datasets/
package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// EnvDir names the environment variable that chooses the home.
const EnvDir = "LOSSATLAS_HOME"

// Format is the version of the layout. A program opens homes of its own format only: raise it for a change that an earlier
// program can't handle.
const Format = 1

// Home is an existing, writable home folder.
type Home struct{ dir string }

// Open opens the home in dir, or in [Default] where dir is "", and makes it (mode 0700) when absent. A new home records the
// version of the program.
func Open(dir, program string) (*Home, error) {
	if dir == "" {
		var err error
		if dir, err = Default(); err != nil {
			return nil, err
		}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("home %s: %w", dir, err)
	}
	h := &Home{dir: abs}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, h.explain("make the home", err)
	}
	if err := h.probe(); err != nil {
		return nil, err
	}
	if err := h.checkVersion(program); err != nil {
		return nil, err
	}
	return h, nil
}

// version is the content of version.json.
type version struct {
	Format  int    `json:"format"`
	Program string `json:"program"` // that made the home
}

// checkVersion refuses a home of another format, and writes the format of a new one.
func (h *Home) checkVersion(program string) error {
	path := h.Path("version.json")
	var v version
	_, err := h.once(path, func() ([]byte, error) { return encode(version{Format, program}), nil })
	if err == nil {
		err = ReadJSON(path, &v)
	}
	if err == nil && v.Format < 1 {
		err = fmt.Errorf("%s lacks the format", path)
	}
	switch {
	case err != nil:
		return fmt.Errorf("read the version of the home: %w; delete the file if no later program has used the home", err)
	case v.Format != Format:
		return fmt.Errorf("the home %s has format %d (made by lossatlas %s), and this program reads format %d: update lossatlas, or choose another home with --home DIR or %s=DIR", h.dir, v.Format, v.Program, Format, EnvDir)
	}
	return nil
}

// Default is $LOSSATLAS_HOME, else $XDG_DATA_HOME/lossatlas, else ~/.local/share/lossatlas.
func Default() (string, error) {
	if dir := os.Getenv(EnvDir); dir != "" {
		return dir, nil
	}
	// The XDG specification ignores relative paths.
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "lossatlas"), nil
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the user's data folder: %w; name a home with --home DIR or %s=DIR", err, EnvDir)
	}
	return filepath.Join(user, ".local", "share", "lossatlas"), nil
}

// IsExposed reports whether other users may replace files of the home.
func (h *Home) IsExposed() bool {
	info, err := os.Stat(h.dir)
	return err == nil && info.Mode().Perm()&0o022 != 0
}

// Dir is the absolute path of the home.
func (h *Home) Dir() string { return h.dir }

// Path joins elem to the path of the home.
func (h *Home) Path(elem ...string) string {
	return filepath.Join(append([]string{h.dir}, elem...)...)
}

// Folder is Path; it makes the folder (mode 0700) when absent.
func (h *Home) Folder(elem ...string) (string, error) {
	dir := h.Path(elem...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", h.explain("make the folder "+dir, err)
	}
	return dir, nil
}

// probe writes a byte, so that missing rights or a full disk are reported before any service starts.
func (h *Home) probe() error {
	f, err := os.CreateTemp(h.dir, ".probe-*")
	if err != nil {
		return h.explain("write in the home", err)
	}
	_, err = f.Write([]byte{'\n'})
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return h.explain("write in the home", err)
	}
	return nil
}

// explain adds a remedy to an error of the file system.
func (h *Home) explain(doing string, err error) error {
	return fmt.Errorf("%s %s: %w (%s)", doing, h.dir, err, Remedy(err, "choose another with --home DIR or "+EnvDir+"=DIR"))
}

// Remedy is what to do about an error of the file system in writing: its cause in words, and what else may be done.
func Remedy(err error, instead string) string {
	advice := instead
	switch {
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EEXIST):
		advice = "a file stands where a folder is needed; move it away, or " + advice
	case errors.Is(err, fs.ErrNotExist):
		advice = "the system takes no files there; " + advice
	case errors.Is(err, fs.ErrPermission):
		advice = "this user may not write there; change its owner or rights, or " + advice
	case errors.Is(err, syscall.ENAMETOOLONG):
		advice = "a file system allows 255 bytes for a name and 4095 for a path; " + advice
	case errors.Is(err, syscall.EROFS):
		advice = "the file system is read-only; " + advice
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		advice = "the disk is full; make room, or " + advice
	}
	return advice
}
