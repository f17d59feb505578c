package main_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestDataFolderOfAnotherProcess: a run on the services of `up` says that its own folder of data sets has no effect, however it is given, and
// nothing where both have the same folder or the run names no folder.
func TestDataFolderOfAnotherProcess(t *testing.T) {
	home, theirs, mine := t.TempDir(), t.TempDir(), t.TempDir()
	background(t, home, "up", "--data", theirs)
	pid := awaitUp(t, home).PID
	said := fmt.Sprintf("process %d computes, which does not read data sets from %s: to change that, stop it and start it with --data %s (or LOSSATLAS_DATA)", pid, mine, mine)
	for i, c := range []struct {
		flag, env string
		want      bool
	}{{flag: mine, want: true}, {env: mine, want: true}, {flag: theirs}, {}} {
		file := writeSweep(t, strings.Replace(tinySweep, "name: tiny", fmt.Sprintf("name: tiny-%d", i), 1)+fmt.Sprintf("sweep: {train.seed: [%d]}\n", i))
		args := []string{"run", "--detach", file}
		if c.flag != "" {
			args = append(args, "--data", c.flag)
		}
		cmd := command(t.Context(), home, args...)
		if c.env != "" {
			cmd.Env = append(cmd.Env, "LOSSATLAS_DATA="+c.env)
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%+v: %v\n%s", c, err, out)
		}
		if got := strings.Contains(string(out), said); got != c.want || !c.want && strings.Contains(string(out), "does not read data sets") {
			t.Errorf("%+v: the message is there: %v\n%s", c, got, out)
		}
	}
}
