package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shell runs a script in which "$@" is the program with arguments, "$0" is the home.
func shell(t *testing.T, script, home string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{"-c", script, home, binary}, args...)...)
	cmd.Env = command(t.Context(), home).Env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestEnvironments: an environment that the program can't work in is named, with what to do, and one that it can work in
// is of no account.
func TestEnvironments(t *testing.T) {
	file := writeSweep(t, databaseSweep)
	reference := runSweep(t, t.TempDir(), file, "--backend", "go")
	ports := func(text string) string {
		return fmt.Sprintf(`mkdir -p "$0"; echo '%s' > "$0/ports.json"; exec "$@"`, text)
	}
	const simple, unset = `exec "$@"`, `unset HOME; exec "$@"`
	run := []string{"run", file, "--output", "json", "--backend", "go"}
	for _, c := range []struct {
		name   string
		script string
		args   []string
		home   string // below a folder of the case's own
		code   int
		says   string // a pattern for standard error; "" for nothing at all, or for what every run says
	}{
		{"signs in the path", simple, run, "a b?c=d#e%41%zz\"'&;é\n$x[1]*", 0, ""},
		{"the longest path", simple, run, "LONGEST", 0, ""},
		{"a long path", simple, run, strings.Repeat("/"+strings.Repeat("n", 99), 8), 1, `path has \d+ bytes and SQLite allows 500`},
		{"a long name", simple, []string{"list"}, strings.Repeat("n", 300), 1, `make the home .*name too long .*255 bytes`},
		{"a long name and a run", simple, run, strings.Repeat("n", 300), 1, `make the home .*name too long .*255 bytes`},
		{"few files", `ulimit -n 40; exec "$@"`, run, "home", 1, `may open 40 files .* raise the limit \(.ulimit -n`},
		{"small files", `ulimit -f 1000; exec "$@"`, run, "home", 1, `files of at most 1000 KiB .* raise the limit \(.ulimit -f`},
		{"tiny files", `ulimit -f 1; exec "$@"`, run, "home", 1, `files of at most 1 KiB .* raise the limit \(.ulimit -f`},
		{"no HOME, version", unset, []string{"version"}, "home", 0, ""},
		{"no HOME, list", unset, []string{"list", "--output", "json"}, "home", 0, ""},
		{"no HOME, run", unset, run, "home", 0, ""},
		{"no HOME and no home", `unset HOME LOSSATLAS_HOME; exec "$@"`, []string{"list"}, "home", 1, `HOME is not defined; name a home with --home`},
		{"removed folder", `mkdir -p "$0/here" && cd "$0/here" && rmdir "$0/here" && exec "$@"`, run, "home", 0, ""},
		{"equal ports", ports(`{"temporal":7777,"ui":7777,"s3":7777,"pages":7777}`), run, "home", 0, `the Temporal server and the Temporal UI have the same port 7777.*choosing new ones`},
		{"negative port", ports(`{"temporal":-5}`), run, "home", 0, `the Temporal server has port -5, want 1 to 65535.*choosing new ones`},
		{"large port", ports(`{"pages":80000}`), run, "home", 0, `the pages of sweeps has port 80000, want 1 to 65535.*choosing new ones`},
		{"port as text", ports(`{"temporal":"7777"}`), run, "home", 0, `ports.json is damaged.*choosing new ones`},
		{"no ports", ports(`junk`), run, "home", 0, `ports.json is damaged.*choosing new ones`},
		{"a later home", `mkdir "$0"; echo '{"format":2,"program":"v9"}' > "$0/version.json"; exec "$@"`, run, "home", 1, `format 2 \(made by lossatlas v9\), and this program reads format 1: update lossatlas, or choose another home`},
		{"a later home, list", `mkdir "$0"; echo '{"format":2,"program":"v9"}' > "$0/version.json"; exec "$@"`, []string{"list"}, "home", 1, `format 2 \(made by lossatlas v9\)`},
		{"no version", `mkdir "$0"; echo '{}' > "$0/version.json"; exec "$@"`, run, "home", 1, `version.json lacks the format; delete the file`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if c.home == "LONGEST" { // 500 bytes with the name of the database
				c.home = strings.Repeat("n/", 250)[:500-len(dir)-len("//temporal.db")-1] + "n"
			}
			home := filepath.Join(dir, c.home)
			stdout, stderr, code := shell(t, c.script, home, c.args...)
			if code != c.code {
				t.Fatalf("ended with %d, want %d:\n%s", code, c.code, stderr)
			}
			unusual := regexp.MustCompile(`(?m)^(small: 3 steps.*|look at it.*|and at its.*|small/.*|report: .*|first picture drawn; .*|\d/3 steps .*)\n`).ReplaceAllString(strings.ReplaceAll(stderr, home, "HOME"), "") // one has a line break
			if (c.says == "") != (unusual == "") || strings.Count(unusual, "\n") > 1+strings.Count(home, "\n") || !regexp.MustCompile("(?s)"+c.says).MatchString(unusual) {
				t.Errorf("standard error is not one line that matches %q:\n%s", c.says, stderr)
			}
			if code != 0 || !slices.Equal(c.args, run) {
				return
			}
			var o outcome
			decode(t, stdout, &o)
			same(t, reference, o)
			if _, err := os.Stat(o.Report); err != nil {
				t.Error(err)
			}
			if beside, err := os.ReadDir(dir); err != nil || len(beside) != 1 {
				t.Errorf("beside the home are %v, %v", beside, err)
			}
			for _, suffix := range databaseFiles {
				if info, err := os.Stat(filepath.Join(home, "temporal.db"+suffix)); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("temporal.db%s: %v, %v; want mode 600", suffix, info, err)
				}
			}
			// And again: what was made is found.
			if _, stderr, code := shell(t, c.script, home, c.args...); code != 0 || !strings.Contains(stderr, "nothing to do") {
				t.Errorf("the second run ended with %d:\n%s", code, stderr)
			}
		})
	}
}

// TestLibrariesPrintNothing: what the S3 server prints by itself when it can't read an object does not come between the
// lines of the program, which says itself what failed.
func TestLibrariesPrintNothing(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, databaseSweep)
	runSweep(t, home, file, "--backend", "go")
	root := filepath.Join(bucket(home), "roots", "small.json")
	if err := errors.Join(os.Remove(root), os.Symlink("small.json", root)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"show", "small"}, {"run", file, "--backend", "go"}} {
		_, stderr, code := invoke(t, home, args...)
		if code != 1 || !strings.Contains(stderr, "roots/small.json") || strings.Contains(stderr, "\x1b") || strings.Contains(stderr, "INTERNAL ERROR") {
			t.Errorf("%v ended with %d: %q", args, code, stderr)
		}
	}
	if log, err := os.ReadFile(filepath.Join(home, "logs", "libraries.log")); err != nil || !bytes.Contains(log, []byte("too many levels of symbolic links")) {
		t.Errorf("the log of libraries is %q, %v", log, err)
	}
}
