package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/engine"
)

// TestClassNeedsNoBackend checks that the class known beforehand is that of the open backend.
func TestClassNeedsNoBackend(t *testing.T) {
	for _, name := range []string{"xla", "go"} {
		t.Run(name, func(t *testing.T) {
			b := open(t, name)
			o := engine.Options{Backend: b.Name(), Plugin: os.Getenv("LOSSATLAS_PLUGIN")}
			class, err := engine.Class(o)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(class)
			if class != b.Class() || !strings.HasPrefix(class, b.Name()+":") || !strings.Contains(class, ":f32:cpu-") {
				t.Errorf("class %q, of the open backend %q", class, b.Class())
			}
		})
	}
}

// TestClassFollowsThePlugin checks that another file has another class, a copy
// elsewhere the same, and that a remembered digest stands for the file.
func TestClassFollowsThePlugin(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	class := func(o engine.Options) string {
		c, err := engine.Class(o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a, b, same := write("a_cpu.so", "one"), write("b_cpu.so", "two"), write("c_cpu.so", "one")
	if class(engine.Options{Plugin: a}) == class(engine.Options{Plugin: b}) {
		t.Error("two plugins have one class")
	}
	if class(engine.Options{Plugin: a}) != class(engine.Options{Plugin: same}) {
		t.Error("a copy of a plugin has another class")
	}
	knows := write("d_cpu.so", "…xla_cpu_use_onednn…xla_cpu_experimental_onednn_custom_call…")
	if c := class(engine.Options{Plugin: knows}); !strings.Contains(c, "onednn") {
		t.Errorf("the class of a plugin with oneDNN is %q", c)
	}
	if c := class(engine.Options{Plugin: a}); strings.Contains(c, "onednn") {
		t.Errorf("the class of a plugin without oneDNN is %q", c)
	}
	long := strings.Repeat("x", 1<<20-10)
	across := write("e_cpu.so", long+"xla_cpu_use_onednn"+long+"xla_cpu_experimental_onednn_custom_call"+long)
	if c := class(engine.Options{Plugin: across}); !strings.Contains(c, "onednn") {
		t.Errorf("flags that lie across the pieces in which the file is read were not found: %q", c)
	}
	pinned := strings.Repeat("ab", 32)
	if _, err := engine.Class(engine.Options{Plugin: filepath.Join(dir, "absent"), PluginDigest: pinned}); err == nil {
		t.Error("an absent plugin of unknown contents has a class")
	}
}

func TestOpenExplains(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "pjrt_c_api_cpu_plugin.so")
	if err := os.WriteFile(garbage, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		options engine.Options
		says    []string
	}{
		{"unknown backend", engine.Options{Backend: "cuda"}, []string{`"cuda"`, "auto, xla or go"}},
		{"xla without a plugin", engine.Options{Backend: "xla"}, []string{"plugin", "backend install"}},
		{"no such file", engine.Options{Plugin: filepath.Join(dir, "none.so")}, []string{"none.so"}},
		{"no library", engine.Options{Plugin: garbage}, []string{garbage, "backend install"}},
		{"no digest", engine.Options{Plugin: garbage, PluginDigest: "123"}, []string{`"123"`, "SHA-256"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := engine.Open(c.options)
			if err == nil {
				b.Close()
				t.Fatal("opened")
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q doesn't say %q", err, s)
				}
			}
		})
	}
}

// TestEnviron checks that settings are added once, and that the user's own count.
func TestEnviron(t *testing.T) {
	start := []string{"HOME=/x", "MALLOC_ARENA_MAX=4"}
	first := engine.Environ(start)
	if !slices.Contains(first, "MALLOC_MMAP_MAX_=0") || !slices.Contains(first, "HOME=/x") {
		t.Errorf("the environment is %v", first)
	}
	if slices.Contains(first, "MALLOC_ARENA_MAX=1") {
		t.Error("a setting of the user's was replaced")
	}
	if second := engine.Environ(first); !slices.Equal(first, second) {
		t.Errorf("a second time gives %v", second)
	}
	if !slices.Equal(start, []string{"HOME=/x", "MALLOC_ARENA_MAX=4"}) {
		t.Error("the argument was changed")
	}
}
