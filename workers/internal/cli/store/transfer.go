package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lossatlas/artifacts"
	"lossatlas/artifacts/transfer"
	"lossatlas/pipelines/syntax"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
)

// remote is the other store of a transfer: flags, or else the environment.
type remote struct {
	endpoint, bucket, accessKey, secretKey, region string
	replace                                        bool
}

const remoteEnv = "LOSSATLAS_REMOTE_"

func (r *remote) bind(f *pflag.FlagSet) {
	f.StringVar(&r.endpoint, "remote-endpoint", "", "`URL` (http://host:port or https://host:port) of the other store ("+remoteEnv+"ENDPOINT)")
	f.StringVar(&r.bucket, "remote-bucket", "", "its `bucket` ("+remoteEnv+"BUCKET; default lossatlas)")
	f.StringVar(&r.accessKey, "remote-access-key", "", "its access `key`; better given in the environment as "+remoteEnv+"ACCESS_KEY")
	f.StringVar(&r.secretKey, "remote-secret-key", "", "its secret `key`; better given in the environment as "+remoteEnv+"SECRET_KEY, where other users can't see it")
	f.StringVar(&r.region, "remote-region", "", "its `region` ("+remoteEnv+"REGION; default us-east-1)")
	f.BoolVar(&r.replace, "replace", false, "also in place of a later run of the same sweep")
}

// config fills in what flags left out and checks it.
func (r *remote) config(env func(string) (string, bool)) (artifacts.Config, error) {
	for _, s := range []struct {
		value   *string
		name    string
		initial string
	}{
		{&r.endpoint, "ENDPOINT", ""}, {&r.bucket, "BUCKET", "lossatlas"}, {&r.accessKey, "ACCESS_KEY", ""}, {&r.secretKey, "SECRET_KEY", ""}, {&r.region, "REGION", "us-east-1"},
	} {
		if *s.value == "" {
			*s.value = s.initial
			if v, ok := env(remoteEnv + s.name); ok && v != "" {
				*s.value = v
			}
		}
	}
	if r.endpoint == "" {
		return artifacts.Config{}, exit.Usagef("--remote-endpoint is missing: say where the other store is, as http://host:port or https://host:port")
	}
	u, err := url.Parse(r.endpoint)
	if strings.Contains(r.endpoint, "@") {
		return artifacts.Config{}, exit.Usagef("--remote-endpoint: an address has no keys in it; give them as %sACCESS_KEY and %sSECRET_KEY in the environment", remoteEnv, remoteEnv)
	}
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return artifacts.Config{}, exit.Usagef("--remote-endpoint: %q is no address; write http://host:port or https://host:port, without a path", r.endpoint)
	}
	if r.accessKey == "" || r.secretKey == "" {
		return artifacts.Config{}, exit.Usagef("--remote-endpoint is given without credentials: set %sACCESS_KEY and %sSECRET_KEY in the environment", remoteEnv, remoteEnv)
	}
	return artifacts.Config{Endpoint: u.Host, TLS: u.Scheme == "https", AccessKey: r.accessKey, SecretKey: r.secretKey, Bucket: r.bucket, Region: r.region}, nil
}

func pushCommand(a *app.App) *cobra.Command {
	return transferCommand(a, "push", "Copy a sweep with all that it needs to another store", true)
}

func pullCommand(a *app.App) *cobra.Command {
	return transferCommand(a, "pull", "Copy a sweep with all that it needs from another store", false)
}

func transferCommand(a *app.App, verb, short string, push bool) *cobra.Command {
	r := &remote{}
	cmd := app.Command(verb+" SWEEP", short, cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return pushOrPull(cmd.Context(), a, args[0], r, push) })
	cmd.Long = short + `.

Results, pictures and their inputs are copied as well, so that a run of the sweep there
finds everything done. Nothing is sent that is there already; give the command again after an
interruption and it continues. Everything is verified on its way.`
	r.bind(cmd.Flags())
	return cmd
}

func pushOrPull(ctx context.Context, a *app.App, sweep string, r *remote, push bool) (err error) {
	cfg, err := r.config(a.Env)
	if err != nil {
		return err
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	other, err := artifacts.Open(ctx, cfg, a.Log)
	if err != nil {
		return err
	}
	defer other.Close()
	from, to := s.Store, other
	if !push {
		from, to = other, s.Store
	}
	if _, err := from.Root(ctx, sweep); errors.Is(err, artifacts.ErrNotFound) {
		return noSweepIn(ctx, from, sweep)
	}
	c, err := transfer.Copy(ctx, from, sweep, to, transfer.Options{Replace: r.replace, Progress: copying(a)})
	if err != nil {
		return err
	}
	return printCopied(a, sweep, "sent", c, c)
}

// copying reports the progress of a copy.
func copying(a *app.App) func(n, of int, sent, total int64) {
	say := sayProgress(a)
	return func(n, of int, sent, total int64) {
		say("copied %d of %s, %s of %s", n, app.Count(of, "blob"), app.Size(sent), app.Size(total))
	}
}

// printCopied reports a finished copy; answer is its form for programs.
func printCopied(a *app.App, sweep, done string, c transfer.Copied, answer any) error {
	for _, k := range c.Other {
		a.Log.Warn().Str("step", k.Short()).Msg("there is another result of this step where it went, which is kept for runs to come")
	}
	if a.Settings.Output != "text" {
		return a.PrintJSON(answer)
	}
	_, err := fmt.Fprintf(a.Out, "%s: %s %s (%s) and %s; %d were there already\n", sweep, done, app.Count(c.Blobs, "blob"), app.Size(c.Bytes), app.Count(c.Actions, "result"), c.There)
	return err
}

// noSweepIn says which sweeps a store has.
func noSweepIn(ctx context.Context, store *artifacts.Store, name string) error {
	roots, err := store.Roots(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, r := range roots {
		names = append(names, r.Sweep)
	}
	if len(names) == 0 {
		return exit.Usagef("there is no sweep %q to copy: that store has no sweeps", name)
	}
	return exit.Usagef("there is no sweep %q to copy%s", name, cmp.Or(syntax.DidYouMean(name, names), "; there are "+app.JoinSome(names)))
}
