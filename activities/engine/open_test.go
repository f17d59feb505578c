package engine_test

import (
	"os"
	"testing"

	"lossatlas/activities/engine"
)

// open returns the backend of the given name. Tests of xla need a plugin, whose
// path is in LOSSATLAS_PLUGIN; without one they are skipped, but under
// continuous integration (CI=true) they run on the pure-Go backend instead.
func open(t testing.TB, name string) *engine.Backend {
	t.Helper()
	o := engine.Options{Backend: name, Plugin: os.Getenv("LOSSATLAS_PLUGIN")}
	if name == "xla" && o.Plugin == "" {
		if os.Getenv("CI") != "true" {
			t.Skip("no numeric plugin: LOSSATLAS_PLUGIN is not set")
		}
		o.Backend = "auto"
		t.Log("no numeric plugin: this runs on the pure-Go backend")
	}
	b, err := engine.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}
