package app

import (
	"os"
	"slices"
	"syscall"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/workers/plugin"
)

// EngineOptions chooses the numeric backend: the plugin that was named, or one
// that is found, and how it was found.
func (a *App) EngineOptions() (o engine.Options, how string) {
	o = engine.Options{Backend: a.Settings.Backend, Plugin: a.Settings.Plugin}
	if o.Backend == "go" {
		return o, ""
	}
	how = "named by --plugin, LOSSATLAS_PLUGIN or the config file"
	if o.Plugin == "" {
		path, found, ok := plugin.Find(a.Home)
		if !ok {
			return o, ""
		}
		o.Plugin, how = path, found
	}
	// The home remembers the digest of a file that has not changed.
	if d, err := plugin.Digest(o.Plugin, a.Home); err != nil {
		a.Log.Debug().Err(err).Msg("the digest of the plugin is not known") // opening the plugin reports the reason
	} else {
		o.PluginDigest = d.Hex()
	}
	return o, how
}

// MachineClass is the numerics class of this machine.
func (a *App) MachineClass() (string, error) {
	e, _ := a.EngineOptions()
	return engine.Class(e)
}

// WarnSlow warns that a missing plugin makes work slow, unless the pure-Go backend was chosen.
func (a *App) WarnSlow(o engine.Options) {
	if o.Backend != "go" && o.Plugin == "" {
		a.Say("no XLA plugin available; using the pure-Go backend, which is 6 to 7 times slower (`lossatlas backend install` gets a plugin)")
	}
}

// DataOptions says where data sets are.
func (a *App) DataOptions() data.Options {
	return data.Options{Dir: a.Settings.Data, Cache: a.Home.Path("datasets")}
}

// Settle starts the process again, with the same ID, when the numeric backend
// wants an environment that must be there from the beginning. It does not
// return then; the new process finds its environment as it should be.
func (a *App) Settle() {
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
		return // the environment stays unchanged, and computing is slower
	}
	_ = syscall.Exec(self, os.Args, env) // likewise
}
