package settings_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/settings"
)

// load parses args, with an environment and config files given as texts.
func load(t *testing.T, args []string, env map[string]string) (*settings.Settings, error) {
	t.Helper()
	flags := pflag.NewFlagSet("lossatlas", pflag.ContinueOnError)
	s := settings.Bind(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LOSSATLAS_HOME", t.TempDir()) // the default home, where the given environment names none
	return s, s.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPrecedence holds the order flag > environment > config file of the home >
// the user's config file > default, for one setting at every level.
func TestPrecedence(t *testing.T) {
	home, user := t.TempDir(), t.TempDir()
	env := map[string]string{"XDG_CONFIG_HOME": user, "LOSSATLAS_HOME": home}
	read := func(args ...string) string {
		s, err := load(t, args, env)
		if err != nil {
			t.Fatal(err)
		}
		return s.Backend
	}
	if got := read(); got != "auto" {
		t.Errorf("without anything: backend %q, want auto", got)
	}
	write(t, filepath.Join(user, "lossatlas", "config.yaml"), "backend: xla\n")
	if got := read(); got != "xla" {
		t.Errorf("with the user's config file: backend %q, want xla", got)
	}
	write(t, filepath.Join(home, "config.yaml"), "backend: go\n")
	if got := read(); got != "go" {
		t.Errorf("with the home's config file: backend %q, want go", got)
	}
	env["LOSSATLAS_BACKEND"] = "xla"
	if got := read(); got != "xla" {
		t.Errorf("with the environment: backend %q, want xla", got)
	}
	if got := read("--backend", "auto"); got != "auto" {
		t.Errorf("with the flag: backend %q, want auto", got)
	}
}

// TestConfigChoosesHome: the user's file may name the home, whose own file then counts.
func TestConfigChoosesHome(t *testing.T) {
	user := t.TempDir()
	write(t, filepath.Join(user, "lossatlas", "config.yaml"), "home: ../state\ndata: /datasets\n")
	s, err := load(t, nil, map[string]string{"XDG_CONFIG_HOME": user})
	if err != nil {
		t.Fatal(err)
	}
	// A relative path in a config file is relative to the file.
	if want := filepath.Join(user, "state"); s.Home != want || s.Data != "/datasets" {
		t.Errorf("home %q, data %q; want %q and /datasets", s.Home, s.Data, want)
	}
}

func TestAWSCredentialsAreTheSecondChoice(t *testing.T) {
	env := map[string]string{
		"LOSSATLAS_TEMPORAL_ADDRESS": "temporal:7233", "LOSSATLAS_S3_ENDPOINT": "https://s3:9000",
		"AWS_ACCESS_KEY_ID": "aws", "AWS_SECRET_ACCESS_KEY": "secret", "LOSSATLAS_S3_ACCESS_KEY": "own",
	}
	s, err := load(t, nil, env)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"own", "secret"}, []string{s.S3AccessKey, s.S3SecretKey}); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
	if !s.External() {
		t.Error("both services were given, and External is false")
	}
}

func TestNoColor(t *testing.T) {
	for _, c := range []struct {
		args []string
		env  string
		want bool
	}{{nil, "", false}, {nil, "1", true}, {[]string{"--no-color"}, "", true}, {[]string{"--no-color=false"}, "1", false}} {
		s, err := load(t, c.args, map[string]string{"NO_COLOR": c.env})
		if err != nil {
			t.Fatal(err)
		}
		if s.NoColor != c.want {
			t.Errorf("args %v, NO_COLOR=%q: %v, want %v", c.args, c.env, s.NoColor, c.want)
		}
	}
}

// TestMistakes: each is a usage error that names what is wrong and what is allowed.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		env    map[string]string
		config string
		want   []string
	}{
		{"unknown backend", []string{"--backend", "cuda"}, nil, "", []string{"--backend", "cuda", "auto, xla, go"}},
		{"unknown backend in the environment", nil, map[string]string{"LOSSATLAS_BACKEND": "gpu"}, "", []string{"LOSSATLAS_BACKEND", "gpu"}},
		{"Temporal alone", []string{"--temporal-address", "a:1"}, nil, "", []string{"--s3-endpoint is missing"}},
		{"S3 alone", []string{"--s3-endpoint", "http://a:1"}, nil, "", []string{"--temporal-address is missing"}},
		{"S3 without a scheme", []string{"--s3-endpoint", "a:1", "--temporal-address", "b:2"}, nil, "", []string{"http://host:port"}},
		{"S3 with a path", []string{"--s3-endpoint", "http://a:1/bucket", "--temporal-address", "b:2"}, nil, "", []string{"without a path"}},
		{"S3 with keys in the address", []string{"--s3-endpoint", "http://key:hidden@a:1", "--temporal-address", "b:2"}, nil, "", []string{"no keys in it", "LOSSATLAS_S3_SECRET_KEY"}},
		{"S3 with half of the credentials", []string{"--s3-endpoint", "http://a:1", "--temporal-address", "b:2", "--s3-access-key", "k"}, nil, "", []string{"LOSSATLAS_S3_ACCESS_KEY"}},
		{"unknown key", nil, nil, "bakend: go\n", []string{"config.yaml", "bakend", "the settings are"}},
		{"a home that moves itself", nil, nil, "home: /elsewhere\n", []string{"config.yaml", "--home"}},
		{"list", nil, nil, "backend: [go]\n", []string{"config.yaml", "backend", "single text"}},
		{"not a mapping", nil, nil, "- go\n", []string{"config.yaml"}},
		{"bad value", nil, nil, "backend: tpu\n", []string{"config.yaml", "tpu", "auto, xla, go"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := t.TempDir()
			env := map[string]string{"LOSSATLAS_HOME": home}
			for k, v := range c.env {
				env[k] = v
			}
			if c.config != "" {
				write(t, filepath.Join(home, "config.yaml"), c.config)
			}
			_, err := load(t, c.args, env)
			if err == nil {
				t.Fatal("no error")
			}
			if exit.Of(err) != exit.Usage {
				t.Errorf("exit code %d, want %d", exit.Of(err), exit.Usage)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("%q repeats a secret", err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q doesn't say %q", err, w)
				}
			}
		})
	}
}
