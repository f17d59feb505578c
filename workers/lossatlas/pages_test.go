package main_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fetch reads a page that the program serves, as a browser that a link with a token opens it.
func fetch(t *testing.T, link string) (status int, body string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := (&http.Client{Jar: jar}).Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// at is a path on the server of a link, with the link's token.
func at(t *testing.T, link, path string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = path
	return u.String()
}

// served is what `status --output json` says of them.
type served struct {
	PID          int
	UI, Pages    string
	Temporal, S3 string
}

// awaitUp waits for the services of a home.
func awaitUp(t testing.TB, home string) (s served) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		var now struct{ Services *served }
		stdout, _, _ := invoke(t, home, "status", "--output", "json")
		decode(t, stdout, &now)
		if now.Services != nil {
			return *now.Services
		}
		if time.Now().After(end) {
			t.Fatal("up did not come up")
		}
	}
}

// TestPages: while `up` runs, the pages of sweeps are where `status` and `open` say, from the start of a sweep
// to its end; when no one serves them, `open` has the stored report.
func TestPages(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, sweepFile)
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	up := command(ctx, home, "up")
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = up.Process.Kill() }() // in case the test ends early
	site := awaitUp(t, home).Pages
	if !strings.HasPrefix(site, "http://127.0.0.1:") {
		t.Fatalf("the pages are at %q", site)
	}
	if code, body := fetch(t, site); code != http.StatusOK || !strings.Contains(body, "No sweep was run yet") {
		t.Errorf("the index of a new home: %d\n%s", code, body)
	}
	if _, stderr, code := invoke(t, home, "run", "--detach", file); code != 0 || !strings.Contains(stderr, at(t, site, "/sweeps/small/")) {
		t.Fatalf("run --detach ended with %d: %s", code, stderr)
	}
	type list struct {
		Sweeps []struct {
			Sweep, State, Page string
			Done, Steps        int
			TestErrors         []float64 `json:"test_errors"`
		}
	}
	var now list
	versions, unfinished := map[string]bool{}, 0
	for len(now.Sweeps) == 0 || now.Sweeps[0].State == "running" {
		if ctx.Err() != nil {
			t.Fatalf("the sweep does not end: %+v", now)
		}
		time.Sleep(500 * time.Millisecond)
		_, body := fetch(t, at(t, site, "/sweeps.json"))
		now = list{}
		if err := json.Unmarshal([]byte(body), &now); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		if len(now.Sweeps) == 0 {
			continue
		}
		var state struct {
			Version string
			Open    []struct{ Step string }
		}
		_, body = fetch(t, at(t, site, "/sweeps/small/state.json"))
		if err := json.Unmarshal([]byte(body), &state); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		versions[state.Version] = true
		if len(state.Open) > 0 {
			if code, page := fetch(t, at(t, site, "/sweeps/small/page")); code != http.StatusOK {
				t.Fatalf("the page of an unfinished sweep: %d\n%s", code, page)
			}
			unfinished++
		}
	}
	if s := now.Sweeps[0]; s.State != "done" || s.Done != s.Steps || len(s.TestErrors) != 2 {
		t.Errorf("at its end the sweep is %+v", s)
	}
	if len(versions) < 3 || unfinished < 2 {
		t.Errorf("the page had %d versions and was there %d times before the end", len(versions), unfinished)
	}
	stdout, _, _ := invoke(t, home, "open", "small", "--output", "json")
	var open struct{ Report, Page string }
	decode(t, stdout, &open)
	if open.Page != at(t, site, "/sweeps/small/") {
		t.Errorf("open says %+v", open)
	}
	if code, body := fetch(t, open.Page); code != http.StatusOK || !strings.Contains(body, "<iframe") {
		t.Errorf("%d\n%s", code, body)
	}
	checkBrowser(t, home, open.Page)
	stored, err := os.ReadFile(open.Report)
	if err != nil {
		t.Fatal(err)
	}
	if _, body := fetch(t, at(t, site, "/sweeps/small/report.html")); body != string(stored) {
		t.Error("the report that is served is not the one that is stored")
	}
	if err := up.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = up.Wait()
	open.Page = ""
	stdout, _, _ = invoke(t, home, "open", "small", "--output", "json")
	decode(t, stdout, &open)
	if open.Page != "" || open.Report == "" {
		t.Errorf("after the end of up, open says %+v", open)
	}
	t.Run("show", func(t *testing.T) { checkMaps(t, home) })
	t.Run("export", func(t *testing.T) { checkExport(t, home, file) })
}

// checkBrowser holds that `open` leads a browser to the page, and that no argument, which other users can read, has the link's token.
func checkBrowser(t *testing.T, home, page string) {
	dir := t.TempDir()
	for _, name := range []string{"xdg-open", "open"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho \"$@\" > "+dir+"/args\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := command(context.Background(), home, "open", "small")
	cmd.Env = append(cmd.Env, "DISPLAY=:1", "PATH="+dir+":"+os.Getenv("PATH"))
	if stdout, err := cmd.Output(); err != nil || strings.TrimSpace(string(stdout)) != page {
		t.Fatalf("open prints %s, %v", stdout, err)
	}
	args, err := os.ReadFile(filepath.Join(dir, "args"))
	if err != nil || strings.Contains(string(args), "token") {
		t.Fatalf("the browser is started with %q, %v", args, err)
	}
	door := strings.TrimPrefix(strings.TrimSpace(string(args)), "file://")
	b, err := os.ReadFile(door)
	if err != nil || !strings.Contains(string(b), page) {
		t.Errorf("%s leads to %s, %v", door, b, err)
	}
	if info, err := os.Stat(door); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", door, info.Mode(), err)
	}
}

// checkMaps holds that the maps are drawn without colours where no one looks at a terminal.
func checkMaps(t *testing.T, home string) {
	stdout, stderr, code := invoke(t, home, "show", "small", "--maps")
	if code != 0 || !strings.Contains(stdout, "\nsurface-train  loss ") || !strings.Contains(stdout, "\nline-test  loss ") || strings.Contains(stdout, "\x1b") {
		t.Errorf("show --maps ended with %d:\n%s\n%s", code, stdout, stderr)
	}
}

// checkExport exports the sweep, and continues with that when it is asked again.
func checkExport(t *testing.T, home, file string) {
	dir := filepath.Join(t.TempDir(), "out")
	for range 2 {
		stdout, stderr, code := invoke(t, home, "export", "sweep", "small", dir, "--output", "json")
		if code != 0 {
			t.Fatalf("export ended with %d: %s", code, stderr)
		}
		var out struct {
			Document   string
			Files      int
			Unfinished []string
		}
		decode(t, stdout, &out)
		b, err := os.ReadFile(out.Document)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Complete  bool
			State     string
			SweepFile struct{ Name, Text string } `json:"sweep_file"`
			Files     []struct{ Path string }
		}
		decode(t, string(b), &doc)
		if !doc.Complete || doc.State != "done" || doc.SweepFile.Text != sweepFile || doc.SweepFile.Name != filepath.Base(file) || len(doc.Files) != out.Files || len(out.Unfinished) != 0 {
			t.Errorf("exported %+v, and the document says %+v", out, doc)
		}
		for _, name := range []string{"report.html", "batch_size=32/trajectory-train.vtp", "batch_size=64/surface-train.vts", "batch_size=64/train-weights.safetensors"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
	}
	if _, stderr, code := invoke(t, home, "export", "sweep", "small", filepath.Dir(file)); code != 2 || !strings.Contains(stderr, "name another folder") {
		t.Errorf("an export over other files ended with %d: %s", code, stderr)
	}
}
