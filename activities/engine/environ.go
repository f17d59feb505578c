package engine

import (
	"slices"
	"strings"
)

// settings must be in the environment when the process starts: glibc reads
// them before main. Its allocator otherwise returns the large buffers of every
// step to the system and spends an eighth of the time on clearing fresh pages.
var settings = []struct{ name, value string }{
	{"MALLOC_MMAP_MAX_", "0"},                 // large buffers come from the heap, where they are reused
	{"MALLOC_ARENA_MAX", "1"},                 // one heap for all threads
	{"MALLOC_TRIM_THRESHOLD_", "16000000000"}, // which never shrinks in practice
	{"MALLOC_TOP_PAD_", "268435456"},          // and grows in large steps
	{"GOMLX_NO_AUTO_INSTALL", "1"},            // the libraries must not download on their own
	{"TF_CPP_MIN_LOG_LEVEL", "2"},             // no chatter of the plugin on standard error
}

// Environ is the environment that a process should run in for the xla backend
// to be at its fastest: current with the settings that are absent from it. A
// process whose environment differs starts itself again with the result, which
// is equal to current when nothing is to be done. Settings that are present
// are unchanged.
func Environ(current []string) []string {
	env := slices.Clone(current)
	for _, s := range settings {
		if !slices.ContainsFunc(current, func(kv string) bool { return strings.HasPrefix(kv, s.name+"=") }) {
			env = append(env, s.name+"="+s.value)
		}
	}
	return env
}
