// Package settings says where state and services are and how the program
// speaks: from flags, the environment and a config file, in that order.
package settings

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"lossatlas/workers/home"
	"lossatlas/workers/internal/exit"
)

// Settings is everything that holds for more than one command.
type Settings struct {
	Home string // absolute
	Data string // absolute; the folder that holds cifar-10-batches-bin/, or ""

	TemporalAddress   string // host:port of an external server, or ""
	TemporalNamespace string
	CodecKeys         string // absolute path of a file of keys, or ""

	S3Endpoint  string // http(s)://host:port of an external store, or ""
	S3Bucket    string
	S3AccessKey string
	S3SecretKey string
	S3Token     string // of keys for a time, or ""
	S3Region    string
	S3CA        string // absolute path of a PEM file, or ""
	S3Style     string // path, host

	MetricsAddress string // host:port to serve metrics and health at, or ""

	Deployment string // the worker deployment that a worker belongs to, or ""
	BuildID    string // its version there, or "" for the program's

	Backend string // auto, xla, go
	Plugin  string // absolute path of a PJRT plugin, or "" to look for one

	Output   string // text, json, jsonl
	LogLevel string // "" lets the command choose
	NoColor  bool

	flags *pflag.FlagSet
}

// setting describes one setting: its flag, which is also its key in the config
// file, and the environment variables that may give it.
type setting struct {
	name    string
	env     []string // the first that is set and not empty counts
	value   func(*Settings) *string
	initial string
	allowed []string
	path    bool // made absolute against the working directory, or the config file's folder
	help    string
}

var table = []setting{
	{name: "home", env: []string{"LOSSATLAS_HOME"}, path: true, value: func(s *Settings) *string { return &s.Home },
		help: "`folder` for everything embedded: database, objects, plugins, logs, credentials (default: lossatlas in the user's data folder)"},
	{name: "data", env: []string{"LOSSATLAS_DATA"}, path: true, value: func(s *Settings) *string { return &s.Data },
		help: "`folder` that holds cifar-10-batches-bin/ (default: the archive is fetched into the home)"},
	{name: "temporal-address", env: []string{"LOSSATLAS_TEMPORAL_ADDRESS"}, value: func(s *Settings) *string { return &s.TemporalAddress },
		help: "`host:port` of a Temporal server to use in place of the embedded one"},
	{name: "temporal-namespace", env: []string{"LOSSATLAS_TEMPORAL_NAMESPACE"}, initial: "lossatlas", value: func(s *Settings) *string { return &s.TemporalNamespace },
		help: "Temporal `namespace`"},
	{name: "codec-keys", env: []string{"LOSSATLAS_CODEC_KEYS"}, path: true, value: func(s *Settings) *string { return &s.CodecKeys },
		help: "`file` of keys that encrypt what a Temporal server elsewhere is given (`lossatlas codec key` writes one)"},
	{name: "s3-endpoint", env: []string{"LOSSATLAS_S3_ENDPOINT"}, value: func(s *Settings) *string { return &s.S3Endpoint },
		help: "`URL` (http://host:port or https://host:port) of an S3 store to use in place of the embedded one"},
	{name: "s3-bucket", env: []string{"LOSSATLAS_S3_BUCKET"}, initial: "lossatlas", value: func(s *Settings) *string { return &s.S3Bucket },
		help: "S3 `bucket`"},
	{name: "s3-access-key", env: []string{"LOSSATLAS_S3_ACCESS_KEY", "AWS_ACCESS_KEY_ID"}, value: func(s *Settings) *string { return &s.S3AccessKey },
		help: "S3 access `key`; better given in the environment as LOSSATLAS_S3_ACCESS_KEY"},
	{name: "s3-secret-key", env: []string{"LOSSATLAS_S3_SECRET_KEY", "AWS_SECRET_ACCESS_KEY"}, value: func(s *Settings) *string { return &s.S3SecretKey },
		help: "S3 secret `key`; better given in the environment as LOSSATLAS_S3_SECRET_KEY, where other users can't see it"},
	{name: "s3-session-token", env: []string{"LOSSATLAS_S3_SESSION_TOKEN", "AWS_SESSION_TOKEN"}, value: func(s *Settings) *string { return &s.S3Token },
		help: "`token` that goes with S3 keys which are for a time"},
	{name: "s3-region", env: []string{"LOSSATLAS_S3_REGION", "AWS_REGION"}, initial: "us-east-1", value: func(s *Settings) *string { return &s.S3Region },
		help: "S3 `region`"},
	{name: "s3-ca", env: []string{"LOSSATLAS_S3_CA", "AWS_CA_BUNDLE"}, path: true, value: func(s *Settings) *string { return &s.S3CA },
		help: "PEM `file` with the certificates that an https endpoint's is checked by, beside the system's"},
	{name: "s3-style", env: []string{"LOSSATLAS_S3_STYLE"}, initial: "path", allowed: []string{"path", "host"}, value: func(s *Settings) *string { return &s.S3Style },
		help: "where a request names the bucket: in the `path` (every server), or as part of the host (bucket.host)"},
	{name: "metrics-address", env: []string{"LOSSATLAS_METRICS_ADDRESS"}, value: func(s *Settings) *string { return &s.MetricsAddress },
		help: "`host:port` at which run, up and worker serve /metrics for Prometheus, /healthz and /readyz (default: nowhere)"},
	{name: "deployment", env: []string{"LOSSATLAS_DEPLOYMENT"}, value: func(s *Settings) *string { return &s.Deployment },
		help: "`name` of the worker deployment, in Temporal, that workers of this program belong to (default: none)"},
	{name: "build-id", env: []string{"LOSSATLAS_BUILD_ID"}, value: func(s *Settings) *string { return &s.BuildID },
		help: "`version` of the worker deployment (default: the program's)"},
	{name: "backend", env: []string{"LOSSATLAS_BACKEND"}, initial: "auto", allowed: []string{"auto", "xla", "go"}, value: func(s *Settings) *string { return &s.Backend },
		help: "numeric `backend`: auto, xla or go"},
	{name: "plugin", env: []string{"LOSSATLAS_PLUGIN"}, path: true, value: func(s *Settings) *string { return &s.Plugin },
		help: "`path` of the PJRT plugin for the xla backend (default: the one that is installed)"},
	{name: "output", env: []string{"LOSSATLAS_OUTPUT"}, initial: "text", allowed: []string{"text", "json", "jsonl"}, value: func(s *Settings) *string { return &s.Output },
		help: "`format` of what goes to standard output: text, json or jsonl"},
	{name: "log-level", env: []string{"LOSSATLAS_LOG_LEVEL"}, allowed: []string{"debug", "info", "warn", "error", "off"}, value: func(s *Settings) *string { return &s.LogLevel },
		help: "least `level` of the log on standard error: debug, info, warn, error or off (default: info for up and worker, else warn); the log file in the home has everything"},
}

const noColor = "no-color"

// Bind adds the flags and returns the settings that Load will fill.
func Bind(flags *pflag.FlagSet) *Settings {
	s := &Settings{flags: flags}
	for _, e := range table {
		flags.String(e.name, e.initial, e.help)
	}
	flags.Bool(noColor, false, "no colours (also: NO_COLOR in the environment)")
	return s
}

// Load fills the settings once the flags are parsed. env looks up the
// environment and is os.LookupEnv outside tests.
func (s *Settings) Load(env func(string) (string, bool)) error {
	files := config{}
	if dir := userConfig(env); dir != "" {
		if err := files.read(filepath.Join(dir, "lossatlas", fileName)); err != nil {
			return err
		}
	}
	if err := s.fill(env, files); err != nil {
		return err
	}
	// Now the home is known, and with it a second file.
	if err := files.readHome(s.Home); err != nil {
		return err
	}
	if err := s.fill(env, files); err != nil {
		return err
	}
	return s.check()
}

// fill sets every setting from the first place that has it.
func (s *Settings) fill(env func(string) (string, bool), files config) error {
	for _, e := range table {
		v, from, dir := e.find(s.flags, env, files)
		if len(e.allowed) > 0 && v != e.initial && !slices.Contains(e.allowed, v) {
			return exit.Usagef("%s: %q is not allowed; choose one of %s", from, v, strings.Join(e.allowed, ", "))
		}
		if e.path && v != "" {
			abs, err := absolute(v, dir)
			if err != nil {
				return exit.Usagef("%s: %w", from, err)
			}
			v = abs
		}
		*e.value(s) = v
	}
	if s.Home == "" {
		dir, err := home.Default()
		if err != nil {
			return err
		}
		s.Home = dir
	}
	v, err := s.flags.GetBool(noColor)
	if err != nil {
		return err
	}
	if set, ok := env("NO_COLOR"); ok && set != "" && !s.flags.Changed(noColor) {
		v = true
	}
	s.NoColor = v
	return nil
}

// find returns the value of one setting, where it comes from, for messages,
// and the folder that a relative path in it is relative to ("": the working directory).
func (e setting) find(flags *pflag.FlagSet, env func(string) (string, bool), files config) (value, from, dir string) {
	if f := flags.Lookup(e.name); f != nil && f.Changed {
		return f.Value.String(), "--" + e.name, ""
	}
	for _, name := range e.env {
		if v, ok := env(name); ok && v != "" {
			return v, name, ""
		}
	}
	if v, ok := files[e.name]; ok {
		return v.text, fmt.Sprintf("%s: %s", v.file, e.name), filepath.Dir(v.file)
	}
	return e.initial, "--" + e.name, ""
}

func absolute(path, dir string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		return filepath.Join(home, rest), nil
	}
	if !filepath.IsAbs(path) && dir != "" {
		path = filepath.Join(dir, path)
	}
	return filepath.Abs(path)
}

// check refuses combinations that can't work.
func (s *Settings) check() error {
	switch {
	case s.TemporalAddress != "" && s.S3Endpoint == "":
		return exit.Usagef("--temporal-address is given and --s3-endpoint is missing: both are external or both embedded (workers elsewhere could not reach an embedded store)")
	case s.TemporalAddress == "" && s.S3Endpoint != "":
		return exit.Usagef("--s3-endpoint is given and --temporal-address is missing: both are external or both embedded")
	case s.S3Endpoint == "":
		return nil
	}
	u, err := url.Parse(s.S3Endpoint)
	if strings.Contains(s.S3Endpoint, "@") {
		return exit.Usagef("--s3-endpoint: an address has no keys in it; give them as LOSSATLAS_S3_ACCESS_KEY and LOSSATLAS_S3_SECRET_KEY in the environment")
	}
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return exit.Usagef("--s3-endpoint: %q is no address; write http://host:port or https://host:port, without a path", s.S3Endpoint)
	}
	if (s.S3AccessKey == "") != (s.S3SecretKey == "") {
		return exit.Usagef("one of the two S3 keys is missing: set LOSSATLAS_S3_ACCESS_KEY and LOSSATLAS_S3_SECRET_KEY in the environment, or neither, to use ~/.aws/credentials or the machine's role")
	}
	return nil
}

// JSON says whether output is for programs. It holds, as far as the flags tell,
// before Load and after a Load that failed.
func (s *Settings) JSON() bool {
	out := s.Output
	if f := s.flags.Lookup("output"); f != nil && (out == "" || f.Changed) {
		out = f.Value.String()
	}
	return out == "json" || out == "jsonl"
}

// Flag is the value of a setting as the user gave it on the command line, or "".
func (s *Settings) Flag(name string) string {
	if f := s.flags.Lookup(name); f != nil && f.Changed {
		return f.Value.String()
	}
	return ""
}

// External says whether the services are elsewhere.
func (s *Settings) External() bool { return s.S3Endpoint != "" }

// Level is the log level for standard error; usual is the command's own choice.
func (s *Settings) Level(usual zerolog.Level) zerolog.Level {
	switch s.LogLevel {
	case "debug":
		return zerolog.DebugLevel
	case "info":
		return zerolog.InfoLevel
	case "warn":
		return zerolog.WarnLevel
	case "error":
		return zerolog.ErrorLevel
	case "off":
		return zerolog.Disabled
	}
	return usual
}
