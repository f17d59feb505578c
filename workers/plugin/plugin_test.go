package plugin

import (
	"os"
	"path/filepath"
	"testing"

	"lossatlas/workers/home"
)

// open makes a home and hides what this machine has installed.
func open(t *testing.T) *home.Home {
	t.Helper()
	for _, name := range []string{EnvPlugin, EnvBackend, envSearch} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	h, err := home.Open(filepath.Join(t.TempDir(), "home [1]"), "test") // brackets mean something to glob patterns
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func testLog(t *testing.T) Say { return t.Logf }

const file = "pjrt_c_api_cpu_plugin.so"

func TestFindFollowsItsOrder(t *testing.T) {
	h := open(t)
	find := func() string { p, _, _ := Find(h); return p }
	// From the last place to the first: each must win over those before it.
	if p, _, ok := Find(h); ok && filepath.Dir(p) != "/usr/local/lib/go-xla" {
		t.Fatalf("found %s where nothing is", p)
	}
	want := write(t, filepath.Join(os.Getenv("HOME"), ".local", "lib", "go-xla", "pjrt_c_api_cpu_v0.114.0_plugin.so"), "user")
	if got := find(); got != want {
		t.Errorf("got %s, want go-xla's %s", got, want)
	}
	dir := t.TempDir()
	t.Setenv(envSearch, "/nonexistent:"+dir)
	want = write(t, filepath.Join(dir, file), "search path")
	if got := find(); got != want {
		t.Errorf("got %s, want the search path's %s", got, want)
	}
	want = write(t, h.Path("plugins", "some-1.0", file), "home")
	if got := find(); got != want {
		t.Errorf("got %s, want the home's %s", got, want)
	}
	want = write(t, filepath.Join(t.TempDir(), file), "backend")
	t.Setenv(EnvBackend, "xla:"+want+",tf32=false")
	if got := find(); got != want {
		t.Errorf("got %s, want the backend's %s", got, want)
	}
	want = write(t, filepath.Join(t.TempDir(), "mine.so"), "named")
	t.Setenv(EnvPlugin, want)
	if got := find(); got != want {
		t.Errorf("got %s, want the named %s", got, want)
	}
}

func TestFindPassesOverWhatIsNoPlugin(t *testing.T) {
	h := open(t)
	t.Setenv(envSearch, t.TempDir())
	t.Setenv(EnvBackend, "xla:cpu") // a name, not a path
	write(t, h.Path("plugins", "a", "libfoo.so"), "x")
	write(t, h.Path("plugins", "b", "pjrt_c_api_cuda_plugin.so"), "x")
	write(t, h.Path("plugins", "c", file), "") // an empty file
	write(t, h.Path("plugins", stagingPrefix+"d", file), "half")
	write(t, h.Path("plugins", "e", file, "f"), "a folder of that name")
	write(t, h.Path("plugins", file), "not in a folder of its own")
	if p, how, ok := Find(h); ok {
		t.Errorf("found %s (%s)", p, how)
	}
}

func TestANamedPluginIsNotReplacedByAnother(t *testing.T) {
	h := open(t)
	write(t, h.Path("plugins", "a", file), "x")
	t.Setenv(EnvPlugin, "/nonexistent/plugin.so")
	if p, how, ok := Find(h); !ok || p != "/nonexistent/plugin.so" || how == "" {
		t.Errorf("got %q (%s), %v; want the path that was asked for", p, how, ok)
	}
}

func TestTheChoiceIsStable(t *testing.T) {
	h := open(t)
	write(t, h.Path("plugins", "b-2", file), "x")
	want := write(t, h.Path("plugins", "c-1", file), "x")
	write(t, h.Path("plugins", "a-3", file), "written last")
	for range 3 {
		if got, _, _ := Find(h); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
