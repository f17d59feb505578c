package launch

import (
	"slices"
	"strings"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/activities/runner/networks"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/exit"
)

// Class chooses the numerics class of a sweep among the classes of the running workers, or own, this program's, if there are
// none. Of several that the sweep's device allows, it is the class before of the sweep's last run. Sweeps of any numerics need
// no choice: their keys don't contain the class. Networks that the class can't compute are an error.
func Class(s *sweepfile.Sweep, own, before string, served []activities.Serving) (string, error) {
	class, err := chooseClass(s, own, before, served)
	if err != nil || !strings.HasPrefix(class, "go:") || s.AnyNumerics && len(served) > 0 {
		return class, err
	}
	for _, n := range s.Networks() {
		if networks.NeedsXLA(n.Network) {
			return "", exit.Usagef("%s: %s consists of StableHLO programs, which only XLA computes, and the numeric backend here is pure Go: install XLA with `lossatlas backend install`, and choose --backend xla", s.File, n.Name)
		}
	}
	return class, nil
}

func chooseClass(s *sweepfile.Sweep, own, before string, served []activities.Serving) (string, error) {
	if s.AnyNumerics {
		return own, nil
	}
	var classes []string
	for _, w := range served {
		if w.Class != "" {
			classes = append(classes, w.Class)
		}
	}
	slices.Sort(classes)
	if classes = slices.Compact(classes); len(classes) == 0 {
		classes = []string{own}
	}
	fit := slices.DeleteFunc(slices.Clone(classes), func(class string) bool { return !fits(s.Device, class) })
	switch {
	case len(fit) == 1:
		return fit[0], nil
	case slices.Contains(fit, before):
		return before, nil
	case len(fit) == 0 && len(served) == 0:
		return "", exit.Usagef("%s: the sweep requires device %s, and this machine computes in %s: run it where such a worker is, or leave `device` out", s.File, s.Device, own)
	case len(fit) == 0:
		return "", exit.Usagef("%s: the sweep requires device %s, which no worker has; the workers compute in %s", s.File, s.Device, strings.Join(classes, ", "))
	}
	return "", exit.Usagef("%s: workers compute in several numerics classes, whose results differ in their last bits: %s. Choose one by `device:` in the sweep file (cpu, gpu, or a part of its name), or take them all by `numerics: any`",
		s.File, strings.Join(fit, ", "))
}

// fits reports whether a class belongs to a sweep's device.
func fits(device, class string) bool {
	return device == "" || device == engine.Device(class) || device != "cpu" && device != "gpu" && strings.Contains(class, device)
}
