package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/nets"
	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/cli"
	"lossatlas/workers/internal/services"
)

// TestCompletion: a shell is given the sweeps of the home, names within one, presets, networks, and values of flags.
func TestCompletion(t *testing.T) {
	home := t.TempDir()
	run := func(home string, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		env := map[string]string{"LOSSATLAS_HOME": home, "HOME": home}
		store := func(ctx context.Context, o services.StoreOptions) (services.Store, error) { return s3.Start(ctx, o) }
		p := cli.Program{Embedded: &services.Embedded{Store: store}, In: strings.NewReader(""), Out: &out, Err: &bytes.Buffer{}, Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
		if code := p.Run(t.Context(), args); code != 0 {
			t.Fatalf("%v: exit code %d", args, code)
		}
		return out.String()
	}
	net, err := nets.ByName("small", data.Sets()[0].Problem)
	if err != nil {
		t.Fatal(err)
	}
	theta, state := net.Init(1)
	weights, err := net.Encode(theta, state, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(home, "w.safetensors")
	if err := os.WriteFile(path, weights, 0o600); err != nil {
		t.Fatal(err)
	}
	run(home, "import", "weights", "mine", path, "--net", "small")
	sweep := file(t, good)
	for _, c := range []struct{ line, want string }{
		{"show|", "mine\n:4\n"},
		{"show|x", ":4\n"},
		{"show|mine|", ":4\n"},
		{"explain|m", "mine/\n:6\n"},
		{"export|data|mine/", "mine/mine\n:4\n"},
		{"artifacts|cat|mine/m", "mine/mine/weights\n:4\n"},
		{"plan|" + sweep + "|--preset|", "tiny\n:4\n"},
		{"plan|", "yaml\nyml\n:8\n"},
		{"export|sweep|mine|", ":16\n"},
		{"nets|resnet20-", "resnet20-noshort\n:0\n"},
		{"show|mine|--output|", "text\njson\njsonl\n:4\n"},
		{"compare|--format|", "text\ncsv\nmd\njson\n:4\n"},
	} {
		if got := run(home, append([]string{"__complete"}, strings.Split(c.line, "|")...)...); got != c.want {
			t.Errorf("%s: %q, want %q", c.line, got, c.want)
		}
	}
	empty := filepath.Join(home, "missing")
	if got := run(empty, "__complete", "show", ""); got != ":4\n" {
		t.Errorf("without a home: %q", got)
	}
	if _, err := os.Stat(empty); err == nil {
		t.Error("completion made a home")
	}
}
