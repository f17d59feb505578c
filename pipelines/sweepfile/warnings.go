package sweepfile

import (
	"fmt"
	"slices"

	"lossatlas/pipelines"
)

// Warnings are valid settings that are probably mistakes: drops of the learning rate that no training reaches or that
// only the default brings, and maps without a point at the minimizer. Each is listed once.
func (s *Sweep) Warnings() (out []string) {
	add := func(text string) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, e := range s.experiments {
		cfg := e.config
		if cfg.Train.Import == "" && cfg.Train.Path == "" && cfg.OfFile == "" {
			for _, w := range cfg.Train.Optimizer.Warnings(cfg.Train.Epochs) {
				add(w)
			}
		}
		for _, m := range cfg.Maps {
			for _, side := range m.sides() {
				if !side.hasZero() {
					add(fmt.Sprintf("maps: %s has no point at the minimizer: %d points from %g to %g leave out 0; take an odd number over a symmetric range", m.Name, side.N, side.Min, side.Max))
				}
			}
		}
	}
	return out
}

// side is an axis of a map around the minimizer.
type side pipelines.Axis

// hasZero reports whether 0 is a point of the axis, up to rounding.
func (s side) hasZero() bool {
	if s.N < 2 || s.Min > 0 || s.Max < 0 {
		return false
	}
	steps := -s.Min / (s.Max - s.Min) * float64(s.N-1)
	return steps-float64(int(steps+0.5)) < 1e-9 && float64(int(steps+0.5))-steps < 1e-9
}

// sides are the axes of a line or a plane around the minimizer; empty for other maps.
func (m mapConfig) sides() []side {
	switch {
	case m.X == nil:
		return nil
	case m.Kind == mapLine:
		return []side{{Min: m.X[0], Max: m.X[1], N: m.Points}}
	case m.Kind == mapSurface && m.Y != nil:
		return []side{{Min: m.X[0], Max: m.X[1], N: m.Resolution[0]}, {Min: m.Y[0], Max: m.Y[1], N: m.Resolution[1]}}
	}
	return nil
}
