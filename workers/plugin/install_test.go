package plugin

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lossatlas/workers/home"
)

// place is a source of which a test decides what it does.
type place func(ctx context.Context, dir string) (string, error)

func (place) name() string { return "a test" }

func (p place) fetch(ctx context.Context, dir string, _ Say) (string, error) {
	return p(ctx, dir)
}

func good(_ context.Context, dir string) (string, error) {
	return "good-1", os.WriteFile(filepath.Join(dir, file), []byte("plugin"), 0o600)
}

// kept lists what is in the plugins folder, except the lock.
func kept(t *testing.T, h *home.Home) []string {
	t.Helper()
	var names []string
	root := h.Path("plugins")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != ".lock" {
			rel, rerr := filepath.Rel(root, p)
			names = append(names, rel)
			return rerr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestInstallTakesTheFirstThatWorks(t *testing.T) {
	h := open(t)
	offline := place(func(context.Context, string) (string, error) { return "", errors.New("offline") })
	got, err := install(t.Context(), h, testLog(t), []source{offline, place(good), place(func(context.Context, string) (string, error) {
		t.Error("went on after a success")
		return "", nil
	})})
	if err != nil || got != h.Path("plugins", "good-1", file) {
		t.Fatalf("got %s, %v", got, err)
	}
	if found, _, ok := Find(h); !ok || found != got {
		t.Errorf("Find gives %s, Install gave %s", found, got)
	}
	if diff := cmp.Diff([]string{"good-1/" + file}, kept(t, h)); diff != "" {
		t.Error(diff)
	}
}

func TestAFailedInstallLeavesNothing(t *testing.T) {
	partly := func(_ context.Context, dir string) (string, error) {
		if err := os.WriteFile(filepath.Join(dir, file), []byte("half"), 0o600); err != nil {
			return "", err
		}
		return "", fmt.Errorf("write: %w", syscall.ENOSPC)
	}
	empty := func(_ context.Context, dir string) (string, error) {
		return "empty-1", os.WriteFile(filepath.Join(dir, "README"), nil, 0o600)
	}
	h := open(t)
	_, err := install(t.Context(), h, testLog(t), []source{place(partly), place(empty)})
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || len(unavailable.Causes) != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"no space left", "no plugin for the CPU", EnvPlugin, h.Path("plugins"), "pure-Go backend"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if left := kept(t, h); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWhatAKilledInstallerLeftIsRemoved(t *testing.T) {
	h := open(t)
	write(t, h.Path("plugins", stagingPrefix+"123", "content", file), "half")
	if _, err := install(t.Context(), h, testLog(t), []source{place(good)}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"good-1/" + file}, kept(t, h)); diff != "" {
		t.Error(diff)
	}
}

func TestInstallersAtOnceFetchOnce(t *testing.T) {
	h := open(t)
	var fetched atomic.Int32
	slow := place(func(ctx context.Context, dir string) (string, error) {
		fetched.Add(1)
		time.Sleep(100 * time.Millisecond)
		return good(ctx, dir)
	})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if p, err := install(t.Context(), h, testLog(t), []source{slow}); err != nil || p != h.Path("plugins", "good-1", file) {
				t.Errorf("got %s, %v", p, err)
			}
		})
	}
	wg.Wait()
	if n := fetched.Load(); n != 1 {
		t.Errorf("fetched %d times, want 1", n)
	}
}

func TestInstallEndsWithItsContext(t *testing.T) {
	h := open(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	_, err := install(ctx, h, testLog(t), []source{place(func(ctx context.Context, _ string) (string, error) {
		cancel(interrupted)
		return "", ctx.Err()
	}), place(good)})
	if !errors.Is(err, interrupted) {
		t.Errorf("got %v, want the cause", err)
	}
	if left := kept(t, h); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// makeWheel zips files in the layout of the pinned wheel.
func makeWheel(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fakePython stands for an interpreter whose "pip download" does what body says;
// $dest is the folder that pip was told.
func fakePython(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python3")
	script := "#!/bin/sh\nfor a in \"$@\"; do case $a in --dest=*) dest=${a#--dest=};; esac; done\n" + body + "\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func onlyWhereTheWheelRuns(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skipf("the wheel is for linux/amd64, this is %s/%s", runtime.GOOS, runtime.GOARCH)
	}
}

func TestWheel(t *testing.T) {
	onlyWhereTheWheelRuns(t)
	whole := makeWheel(t, map[string]string{
		wheelPlugin: "plugin", wheelNotices + "LICENSE": "Apache-2.0", wheelNotices + "THIRD_PARTY_NOTICES": "notices",
		"lammps_jax_pjrt_cpu/__init__.py": "print()", "../../evil": "x",
	})
	hollow := makeWheel(t, map[string]string{wheelNotices + "LICENSE": "Apache-2.0"})
	for name, c := range map[string]struct {
		served []byte
		script string
		digest string // "" = that of what is served
		want   []string
		err    string
	}{
		"good":      {served: whole, want: []string{"LICENSE", "THIRD_PARTY_NOTICES", file}},
		"tampered":  {served: whole, digest: wheelDigest, err: "is not used"},
		"truncated": {served: whole[:len(whole)/2], err: "zip"},
		"no plugin": {served: hollow, err: "holds no"},
		"offline":   {script: "echo Looking...; echo 'ERROR: No matching distribution found' >&2; exit 1", err: "No matching distribution"},
		"no pip":    {script: "echo /usr/bin/python3: No module named pip >&2; exit 1", err: "No module named pip"},
		"nothing":   {script: "exit 0", err: "0 files"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			script := c.script
			if c.served != nil {
				served := write(t, filepath.Join(t.TempDir(), "served.whl"), string(c.served))
				script = "cp '" + served + "' \"$dest/x.whl\""
			}
			sum := sha256.Sum256(c.served)
			src := wheel{python: fakePython(t, script), digest: hex.EncodeToString(sum[:])}
			if c.digest != "" {
				src.digest = c.digest
			}
			_, err := install(t.Context(), h, testLog(t), []source{src})
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v, want an error with %q", err, c.err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, n := range kept(t, h) {
				names = append(names, filepath.Base(n))
			}
			if diff := cmp.Diff(c.want, names); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNoPython(t *testing.T) {
	onlyWhereTheWheelRuns(t)
	_, err := install(t.Context(), open(t), testLog(t), []source{wheel{python: "/nonexistent/python3"}})
	if err == nil || !strings.Contains(err.Error(), "python3 is not installed") {
		t.Errorf("got %v", err)
	}
}

// TestThePinnedWheelInstalls downloads the real wheel (70 MB). It is skipped
// where pip can't get at it; whatever pip does get must install.
func TestThePinnedWheelInstalls(t *testing.T) {
	onlyWhereTheWheelRuns(t)
	if testing.Short() {
		t.Skip("it downloads 70 MB")
	}
	user := os.Getenv("HOME") // pip's own settings, such as a mirror, live there
	h := open(t)
	t.Setenv("HOME", user)
	path, err := install(t.Context(), h, testLog(t), []source{wheel{}})
	if pip := new(exec.ExitError); errors.As(err, &pip) || errors.Is(err, errNoPython) {
		t.Skipf("pip can't download the wheel: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := Digest(path, h)
	if err != nil || !strings.HasPrefix(got.Hex(), "ad1309ac822b") {
		t.Errorf("the plugin has digest %v (%v)", got, err)
	}
	for _, name := range []string{"LICENSE", "THIRD_PARTY_NOTICES", file} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), name)); err != nil {
			t.Error(err)
		}
	}
}
