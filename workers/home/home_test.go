package home_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lossatlas/workers/home"
)

func open(t *testing.T) *home.Home {
	t.Helper()
	h, err := home.Open(filepath.Join(t.TempDir(), "a", "home"), "test")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestOpenMakesAPrivateFolderWithItsVersion(t *testing.T) {
	h := open(t)
	if got := mode(t, h.Dir()); got != 0o700 {
		t.Errorf("mode %o, want 700", got)
	}
	if left, err := os.ReadDir(h.Dir()); err != nil || len(left) != 1 || left[0].Name() != "version.json" {
		t.Errorf("a new home holds %v (%v), want its version", left, err)
	}
	if sub, err := h.Folder("objects", "x"); err != nil || mode(t, sub) != 0o700 {
		t.Errorf("folder %s: %v", sub, err)
	}
}

func TestWhichHomeIsTheDefault(t *testing.T) {
	for _, c := range []struct{ name, env, xdg, user, want string }{
		{"named", "/n/home", "/x/data", "/u", "/n/home"},
		{"data folder", "", "/x/data", "/u", "/x/data/lossatlas"},
		{"user", "", "", "/u", "/u/.local/share/lossatlas"},
		{"relative data folder is ignored", "", "data", "/u", "/u/.local/share/lossatlas"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(home.EnvDir, c.env)
			t.Setenv("XDG_DATA_HOME", c.xdg)
			t.Setenv("HOME", c.user)
			got, err := home.Default()
			if err != nil || got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
		})
	}
}

func TestOpenUsesTheEnvironment(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "elsewhere")
	t.Setenv(home.EnvDir, dir)
	h, err := home.Open("", "test")
	if err != nil || h.Dir() != dir {
		t.Errorf("got %v (%v), want %s", h, err, dir)
	}
}

func TestAHomeThatCannotBeSaysWhy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ dir, want string }{
		"a file":           {file, "a file stands where a folder is needed"},
		"below a file":     {filepath.Join(file, "sub"), "a file stands where a folder is needed"},
		"kernel's folder":  {"/sys/lossatlas-test", "--home DIR"},
		"process's folder": {"/proc/lossatlas-test", "--home DIR"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := home.Open(c.dir, "test")
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{c.want, filepath.Dir(c.dir)} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestAHomeWithoutRightsSaysWhy(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("the superuser may write anywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := home.Open(dir, "test"); err == nil || !strings.Contains(err.Error(), "may not write") {
		t.Errorf("got %v", err)
	}
}

func TestCredentialsAreMadeOnceAndPrivate(t *testing.T) {
	h := open(t)
	type pair struct{ access, secret string }
	var mu sync.Mutex
	seen := map[pair]int{}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			access, secret, err := h.Credentials()
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[pair{access, secret}]++
		})
	}
	wg.Wait()
	if len(seen) != 1 {
		t.Fatalf("%d different credentials were given out", len(seen))
	}
	for p := range seen {
		if len(p.access) < 20 || len(p.secret) < 40 {
			t.Errorf("keys of %d and %d characters are too short", len(p.access), len(p.secret))
		}
	}
	if got := mode(t, h.Path("credentials.json")); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
	other, _, err := open(t).Credentials()
	if err != nil {
		t.Fatal(err)
	}
	for p := range seen {
		if p.access == other {
			t.Error("two homes have the same credentials")
		}
	}
	if left, _ := filepath.Glob(h.Path(".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDamagedCredentialsAreNotReplacedSilently(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "half": `{"access_key": "a"}`, "text": "hello"} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			if err := os.WriteFile(h.Path("credentials.json"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := h.Credentials(); err == nil || !strings.Contains(err.Error(), "credentials.json") {
				t.Errorf("got %v, want an error that names the file", err)
			}
		})
	}
}

func TestTheIdentityIsMadeOnceAndPrivate(t *testing.T) {
	h := open(t)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			pem, err := h.Identity()
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[string(pem)] = true
		})
	}
	wg.Wait()
	if len(seen) != 1 {
		t.Fatalf("%d different identities were given out", len(seen))
	}
	if got := mode(t, h.Path("tls.pem")); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
	other, err := open(t).Identity()
	if err != nil || seen[string(other)] {
		t.Errorf("two homes have the same identity, %v", err)
	}
	for _, content := range []string{"", "hello", strings.Split(string(other), "-----BEGIN PRIVATE")[0]} {
		if err := os.WriteFile(h.Path("tls.pem"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Identity(); err == nil || !strings.Contains(err.Error(), h.Path("tls.pem")) || !strings.Contains(err.Error(), "delete the file") {
			t.Errorf("of %q it says %v", content, err)
		}
	}
}

func TestARedirectPageIsPrivate(t *testing.T) {
	h := open(t)
	path, err := h.RedirectPage("fig3", `http://127.0.0.1:1/?a=1&token="><script>`)
	if err != nil {
		t.Fatal(err)
	}
	if got := mode(t, path); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
	if b, err := os.ReadFile(path); err != nil || !strings.Contains(string(b), `url=http://127.0.0.1:1/?a=1&amp;token=&#34;&gt;&lt;script&gt;"`) {
		t.Errorf("it has %s, %v", b, err)
	}
}

func TestLogsAreKeptAndBounded(t *testing.T) {
	h := open(t)
	for range 3 {
		w, err := h.Log("services")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 5<<20)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	size := func(name string) int64 {
		info, err := os.Stat(h.Path("logs", name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	if size("services.log") != 5<<20 || size("services.1.log") != 10<<20 {
		t.Errorf("sizes %d and %d", size("services.log"), size("services.1.log"))
	}
}

// TestIsExposed: a home that other users may write in is told from one that only its user may write in.
func TestIsExposed(t *testing.T) {
	dir := t.TempDir()
	h, err := home.Open(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]bool{0o700: false, 0o755: false, 0o775: true, 0o777: true} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if got := h.IsExposed(); got != want {
			t.Errorf("with mode %o: %v, want %v", mode, got, want)
		}
	}
}
