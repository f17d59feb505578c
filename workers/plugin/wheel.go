package plugin

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// The pinned wheel: a generic build of XLA's CPU plugin under the Apache licence. Its digest is checked, so any mirror will do.
const (
	wheelPackage = "lammps-jax-pjrt-cpu"
	wheelVersion = "0.11.2"
	wheelDigest  = "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1"
	wheelPlugin  = "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so"
	wheelNotices = "lammps_jax_pjrt_cpu-0.11.2.dist-info/licenses/"
)

// wheel downloads the plugin from the Python package index, or pip's configured mirror, by pip.
type wheel struct {
	// python is the interpreter; "" means python3 or python on the PATH.
	python string
	// digest is the expected SHA-256; "" means that of the pinned wheel.
	digest string
}

func (wheel) name() string { return "the Python package " + wheelPackage + " " + wheelVersion }

func (w wheel) fetch(ctx context.Context, dir string, say Say) (string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("it is built for linux/amd64, this is %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	python, err := w.interpreter()
	if err != nil {
		return "", err
	}
	file, err := pipDownload(ctx, python, filepath.Dir(dir), say)
	if err != nil {
		return "", err
	}
	want := w.digest
	if want == "" {
		want = wheelDigest
	}
	if err := verify(file, want); err != nil {
		return "", err
	}
	if err := unpackWheel(file, dir); err != nil {
		return "", fmt.Errorf("unpack the wheel: %w", err)
	}
	return wheelPackage + "-" + wheelVersion, nil
}

var errNoPython = errors.New("python3 is not installed; its pip downloads the package")

func (w wheel) interpreter() (string, error) {
	candidates := []string{"python3", "python"}
	if w.python != "" {
		candidates = []string{w.python}
	}
	for _, name := range candidates {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
	}
	return "", errNoPython
}

// pipDownload downloads the wheel by pip to a new folder below staging, with pip's temporary files.
func pipDownload(ctx context.Context, python, staging string, say Say) (string, error) {
	dest, tmp := filepath.Join(staging, "wheel"), filepath.Join(staging, "tmp")
	for _, d := range []string{dest, tmp} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return "", err
		}
	}
	cmd := exec.CommandContext(ctx, python, "-m", "pip", "download",
		"--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--disable-pip-version-check",
		"--progress-bar=off", "--retries=1", "--timeout=15", "--dest="+dest, wheelPackage+"=="+wheelVersion)
	cmd.Dir = staging
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	report, done := sayProgress(say), make(chan struct{})
	go func() {
		tick := time.NewTicker(time.Second) // report skips most
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				report(size(staging), -1)
			}
		}
	}()
	err := cmd.Run()
	close(done)
	if err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", fmt.Errorf("pip download: %w: %s", err, lastLine(out.String()))
	}
	files, err := os.ReadDir(dest)
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("pip downloaded %d files, want 1 wheel", len(files))
	}
	return filepath.Join(dest, files[0].Name()), nil
}

// verify compares the SHA-256 of a file with the pinned one.
func verify(file, want string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("the wheel has SHA-256 %s, want %s: it differs from the verified wheel and is not used", got, want)
	}
	return nil
}

// unpackWheel extracts the plugin and the licence files of a verified wheel to dir.
func unpackWheel(file, dir string) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer z.Close()
	notices, err := fs.Glob(z, wheelNotices+"*")
	if err != nil {
		return err
	}
	for _, name := range append(notices, wheelPlugin) {
		err := unpackFile(z, name, filepath.Join(dir, path.Base(name)))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("it holds no %s", name)
		} else if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func unpackFile(z fs.FS, name, to string) error {
	r, err := z.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r) // the reader checks size and CRC
	return errors.Join(err, out.Sync(), out.Close())
}

// size is the total size of the files below dir, in bytes.
func size(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil // files come and go while pip works
	})
	return total
}

// lastLine is where pip writes the error.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
