package cli

import (
	"context"
	"os"
	"slices"
	"syscall"

	"lossatlas/activities"
	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/plugin"
)

// engineOptions chooses the numeric backend: the plugin that was named, or one
// that is found, and how it was found.
func (a *app) engineOptions() (o engine.Options, how string) {
	o = engine.Options{Backend: a.set.Backend, Plugin: a.set.Plugin}
	if o.Backend == "go" {
		return o, ""
	}
	how = "named by --plugin, LOSSATLAS_PLUGIN or the config file"
	if o.Plugin == "" {
		path, found, ok := plugin.Find(a.home)
		if !ok {
			return o, ""
		}
		o.Plugin, how = path, found
	}
	// The home remembers the digest of a file that has not changed.
	if d, err := plugin.Digest(o.Plugin, a.home); err != nil {
		a.log.Debug().Err(err).Msg("the digest of the plugin is not known") // opening it says what is wrong
	} else {
		o.PluginDigest = d.Hex()
	}
	return o, how
}

// machineClass is the numerics class of this machine.
func (a *app) machineClass() (string, error) {
	e, _ := a.engineOptions()
	return engine.Class(e)
}

// classOf is the numerics class that a sweep is computed in: this machine's, unless other processes work.
// before is the one that is wanted where there is a choice; "" is that of the sweep's last run.
func (a *app) classOf(ctx context.Context, s *session.Session, sweep *sweepfile.Sweep, own, before string) (string, error) {
	if s.Role() == session.Owner {
		return launch.Class(sweep, own, before, nil)
	}
	c, err := s.Temporal(ctx) // in any case: a server that can't be used is found before anything is stored
	if err != nil {
		return "", err
	}
	if sweep.AnyNumerics {
		return launch.Class(sweep, own, before, nil)
	}
	served, err := activities.Served(ctx, c, s.Namespace())
	if err != nil {
		return "", err
	}
	if before == "" {
		if root, err := s.Store.Root(ctx, sweep.Name); err == nil {
			before = root.Numerics
		}
	}
	return launch.Class(sweep, own, before, served)
}

// warnSlow says what it costs to have no plugin, when nobody asked for that.
func (a *app) warnSlow(o engine.Options) {
	if o.Backend != "go" && o.Plugin == "" {
		a.say("no XLA plugin is installed: the pure-Go backend computes, which is 6 to 7 times slower (`lossatlas backend install` gets a plugin)")
	}
}

// dataOptions says where data sets are.
func (a *app) dataOptions() data.Options {
	return data.Options{Dir: a.set.Data, Cache: a.home.Path("datasets")}
}

// settle starts the process again, with the same ID, when the numeric backend
// wants an environment that must be there from the beginning. It does not
// return then; the new process finds its environment as it should be.
func (a *app) settle() {
	if !a.Restart {
		return
	}
	now := os.Environ()
	env := engine.Environ(now)
	if slices.Equal(env, now) {
		return
	}
	self, err := os.Executable()
	if err != nil {
		return // it goes on as it is, only slower
	}
	_ = syscall.Exec(self, os.Args, env) // likewise
}

// fetching tells of a download now and then.
func (a *app) fetching() func(done, total int64) {
	last := -10
	return func(done, total int64) {
		if percent := int(100 * done / max(total, 1)); percent >= last+10 {
			last = percent
			a.say("fetching the data set: %d %% of %s", percent, size(total))
		}
	}
}
