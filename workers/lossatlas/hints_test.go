package main_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// typed is a command line as a user types it in a folder where the program is build/lossatlas, which is not on the path.
func typed(t *testing.T, dir, line string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "exec "+line)
	cmd.Dir, cmd.Env = dir, command(context.Background(), "").Env // no home is named
	cmd.Env = append(cmd.Env, "HOME="+t.TempDir(), "XDG_DATA_HOME=", "XDG_CONFIG_HOME=")
	return cmd
}

// say runs a command line and returns all that it says.
func say(t *testing.T, dir, line string) string {
	t.Helper()
	out, err := typed(t, dir, line).CombinedOutput()
	if err != nil {
		t.Logf("%s: %v", line, err)
	}
	return string(out)
}

// hint is the command that an output advises.
func hint(t *testing.T, said, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(said)
	if m == nil {
		t.Fatalf("no hint like %s in\n%s", pattern, said)
	}
	return m[1]
}

// TestHintsWorkWhenPasted: a command that the program advises is the program as the user called it, on the user's home.
func TestHintsWorkWhenPasted(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "build"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(dir, "build", "lossatlas")); err != nil {
		t.Fatal(err)
	}
	file := writeSweep(t, "name: hinted\ndataset: {name: shapes10, train: 8, test: 8}\ntrain: {net: small, epochs: 1, batch_size: 8}\nplots: [training]\n")
	const call = `build/lossatlas --home 'my home' `

	for _, empty := range []string{"list", "status", "show hinted"} {
		if said := say(t, dir, call+empty); !strings.Contains(said, filepath.Join(dir, "my home")) || !strings.Contains(said, "no sweep was run yet") {
			t.Errorf("%s of an empty home says\n%s", empty, said)
		}
	}
	start := hint(t, say(t, dir, call+"list"), "and `(.*) run SWEEP.yaml`")
	if said := say(t, dir, start+" run "+file); !strings.Contains(said, "report ") {
		t.Errorf("the advised command says\n%s", said)
	}
	if said := say(t, dir, call+"show other"); !strings.Contains(said, "it has hinted") || !strings.Contains(said, filepath.Join(dir, "my home")) {
		t.Errorf("show of another sweep says\n%s", said)
	}

	said := say(t, dir, call+"run "+file)
	up := typed(t, dir, hint(t, said, "(?m)^browse +`(.+)` serves"))
	serves := make(chan string, 1)
	out, err := up.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		b := make([]byte, 1<<16)
		n, _ := out.Read(b)
		serves <- string(b[:n])
	}()
	select {
	case addresses := <-serves:
		page := hint(t, addresses, `(?m)^sweeps +(http\S+)`)
		if code, body := fetch(t, page); code != http.StatusOK || !strings.Contains(body, "hinted") {
			t.Errorf("%s answers %d, without the sweep:\n%s", page, code, body)
		}
	case <-time.After(time.Minute):
		t.Error("the advised command serves nothing")
	}
	if err := up.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := up.Wait(); up.ProcessState.ExitCode() != 0 {
		t.Errorf("it ended with %v", err)
	}
}
