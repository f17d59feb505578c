// Package settings reads the settings of all commands: from flags, the environment and config files, in that order.
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

// Settings are shared by all commands.
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
	S3Token     string // of temporary keys, or ""
	S3Region    string
	S3CA        string // absolute path of a PEM file, or ""
	S3Style     string // path, host

	MetricsAddress string // host:port of metrics and health, or ""

	Deployment string // the worker deployment of a worker, or ""
	BuildID    string // its version there, or "" for the program's version

	Backend string // auto, xla, go
	Plugin  string // absolute path of a PJRT plugin, or "" to look for one

	SecondWorker string // auto, off

	Output   string // text, json, jsonl
	LogLevel string // "" lets the command choose
	NoColor  bool

	flags *pflag.FlagSet
}

// setting describes one setting: its flag, which is also its key in config files.
type setting struct {
	name    string
	aws     string // a variable that counts if LOSSATLAS_NAME is not set, or ""
	value   func(*Settings) *string
	initial string
	allowed []string
	hint    string // follows the message about a value that is not allowed
	path    bool   // made absolute against the working directory, or the config file's folder
	help    string
}

var table = []setting{
	{name: "home", path: true, value: func(s *Settings) *string { return &s.Home },
		help: "`folder` for everything embedded: database, objects, plugins, logs, credentials (default: lossatlas in the user's data folder)"},
	{name: "data", path: true, value: func(s *Settings) *string { return &s.Data },
		help: "`folder` that holds cifar-10-batches-bin/ (default: the archive is fetched into the home)"},
	{name: "temporal-address", value: func(s *Settings) *string { return &s.TemporalAddress },
		help: "`host:port` of a Temporal server to use in place of the embedded one"},
	{name: "temporal-namespace", initial: "lossatlas", value: func(s *Settings) *string { return &s.TemporalNamespace },
		help: "Temporal `namespace`"},
	{name: "codec-keys", path: true, value: func(s *Settings) *string { return &s.CodecKeys },
		help: "`file` of keys that encrypt payloads for an external Temporal server (`lossatlas codec key` writes one)"},
	{name: "s3-endpoint", value: func(s *Settings) *string { return &s.S3Endpoint },
		help: "`URL` (http://host:port or https://host:port) of an S3 store to use in place of the embedded one"},
	{name: "s3-bucket", initial: "lossatlas", value: func(s *Settings) *string { return &s.S3Bucket },
		help: "S3 `bucket`"},
	{name: "s3-access-key", aws: "AWS_ACCESS_KEY_ID", value: func(s *Settings) *string { return &s.S3AccessKey },
		help: "S3 access `key`; better given in the environment as LOSSATLAS_S3_ACCESS_KEY"},
	{name: "s3-secret-key", aws: "AWS_SECRET_ACCESS_KEY", value: func(s *Settings) *string { return &s.S3SecretKey },
		help: "S3 secret `key`; better given in the environment as LOSSATLAS_S3_SECRET_KEY, where other users can't see it"},
	{name: "s3-session-token", aws: "AWS_SESSION_TOKEN", value: func(s *Settings) *string { return &s.S3Token },
		help: "session `token` of temporary S3 keys"},
	{name: "s3-region", aws: "AWS_REGION", initial: "us-east-1", value: func(s *Settings) *string { return &s.S3Region },
		help: "S3 `region`"},
	{name: "s3-ca", aws: "AWS_CA_BUNDLE", path: true, value: func(s *Settings) *string { return &s.S3CA },
		help: "PEM `file` of certificates to verify an https endpoint with, next to the system's"},
	{name: "s3-style", initial: "path", allowed: []string{"path", "host"}, value: func(s *Settings) *string { return &s.S3Style },
		help: "where a request names the bucket: in the `path` (every server), or as part of the host (bucket.host)"},
	{name: "metrics-address", value: func(s *Settings) *string { return &s.MetricsAddress },
		help: "`host:port` at which run, up and worker serve /metrics for Prometheus, /healthz and /readyz (default: not served)"},
	{name: "deployment", value: func(s *Settings) *string { return &s.Deployment },
		help: "`name` of the worker deployment, in Temporal, that workers of this program belong to"},
	{name: "build-id", value: func(s *Settings) *string { return &s.BuildID },
		help: "`version` of the worker deployment (default: the program's)"},
	{name: "backend", initial: "auto", allowed: []string{"auto", "xla", "go"}, value: func(s *Settings) *string { return &s.Backend },
		help: "numeric `backend`: auto, xla or go"},
	{name: "plugin", path: true, value: func(s *Settings) *string { return &s.Plugin },
		help: "`path` of the PJRT plugin for the xla backend (default: an installed one)"},
	{name: "second-worker", initial: "auto", allowed: []string{"auto", "off"}, value: func(s *Settings) *string { return &s.SecondWorker },
		help: "`mode` of a second process that computes on CPUs next to run and up, once they have computed for ten seconds: auto or off (half of the memory)"},
	{name: "output", initial: "text", allowed: []string{"text", "json", "jsonl"}, value: func(s *Settings) *string { return &s.Output },
		hint: "; `show` and `compare` write tables with --format csv or md", help: "`format` of standard output: text, json or jsonl"},
	{name: "log-level", allowed: []string{"debug", "info", "warn", "error", "off"}, value: func(s *Settings) *string { return &s.LogLevel },
		help: "least `level` of the log on standard error: debug, info, warn, error or off (default: info for up and worker, else warn); the log file in the home has everything"},
}

const noColor = "no-color"

// Bind adds the flags and returns the settings, to be filled by Load.
func Bind(flags *pflag.FlagSet) *Settings {
	s := &Settings{flags: flags}
	for _, e := range table {
		flags.String(e.name, e.initial, e.help)
	}
	flags.Bool(noColor, false, "no colours (also: NO_COLOR in the environment)")
	return s
}

// Allowed are the values of the settings that allow a few, by their flags.
func Allowed() map[string][]string {
	out := map[string][]string{}
	for _, e := range table {
		if len(e.allowed) > 0 {
			out[e.name] = e.allowed
		}
	}
	return out
}

// Load fills the settings after the flags are parsed. env is os.LookupEnv outside tests.
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
	// The home, which is now known, may have a second file.
	if err := files.readHome(s.Home); err != nil {
		return err
	}
	if err := s.fill(env, files); err != nil {
		return err
	}
	return s.check()
}

// fill sets every setting from its first source.
func (s *Settings) fill(env func(string) (string, bool), files config) error {
	for _, e := range table {
		v, from, dir := e.find(s.flags, env, files)
		if len(e.allowed) > 0 && v != e.initial && !slices.Contains(e.allowed, v) {
			return exit.Usagef("%s: %q is not allowed; choose one of %s%s", from, v, strings.Join(e.allowed, ", "), e.hint)
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

// find returns the value of a setting, its source for messages, and the folder of relative paths ("": the working directory).
func (e setting) find(flags *pflag.FlagSet, env func(string) (string, bool), files config) (value, from, dir string) {
	if f := flags.Lookup(e.name); f != nil && f.Changed {
		return f.Value.String(), "--" + e.name, ""
	}
	for _, name := range []string{"LOSSATLAS_" + strings.ToUpper(strings.ReplaceAll(e.name, "-", "_")), e.aws} {
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

// JSON reports whether the output is JSON. Before Load, and after an error of Load, it goes by the flags.
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

// External reports whether the servers are external.
func (s *Settings) External() bool { return s.S3Endpoint != "" }

// Level is the log level for standard error; usual is the command's default.
func (s *Settings) Level(usual zerolog.Level) zerolog.Level {
	switch s.LogLevel {
	case "":
		return usual
	case "off":
		return zerolog.Disabled
	}
	level, err := zerolog.ParseLevel(s.LogLevel)
	if err != nil { // not one of the allowed ones
		return usual
	}
	return level
}
