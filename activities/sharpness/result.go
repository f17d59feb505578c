package sharpness

import (
	"encoding/json"
	"math"

	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
)

// The measures, by the names of their results.
const (
	Worst           = "worst"
	WorstAdaptive   = "worst_adaptive"
	InBox           = "box"
	InBoxSubspace   = "box_subspace"
	Average         = "average"
	AverageAdaptive = "average_adaptive"
	Trace           = "trace"
	// TraceOverNorm and TraceTimesNorm come with Trace: tr(H)/‖w‖², and tr(H)·‖w‖², which rescaling all weights does not change
	// where that does not change the network (Petzka et al. 2021 have it for each layer).
	TraceOverNorm  = "trace_over_norm"
	TraceTimesNorm = "trace_times_norm"
)

// MeasureNames are all of them, in the order of results.
var MeasureNames = []string{Worst, WorstAdaptive, InBox, InBoxSubspace, Average, AverageAdaptive, Trace, TraceOverNorm, TraceTimesNorm}

// Result is the sharpness at one point. Its JSON has the summary that [surface.DecodeFlatness] reads.
type Result struct {
	// Loss is that without a perturbation, weight decay included, and Norm the length of the Dim weights that are perturbed.
	Loss     trainlog.Number   `json:"loss"`
	Norm     float64           `json:"norm"`
	Dim      int               `json:"dim"`
	Measures []Measured        `json:"measures"`
	Summary  []surface.Summary `json:"summary"`
	Meta     json.RawMessage   `json:"meta,omitempty"` // provenance
}

// Measured is one measure with the losses that it is made from: of each start of an ascent the largest, or of each random perturbation.
type Measured struct {
	Name   string            `json:"name"`
	Losses []trainlog.Number `json:"losses,omitempty"`
	// SE is the standard error: of an ascent that which the choice of examples brings, at the perturbation found; of a mean and a trace that over
	// random perturbations or vectors. 0 where it is not known.
	SE float64 `json:"se,omitempty"`
}

// Ascended adds the largest rise of the loss that ascents from several starts found; of a box it is 100·rise/(1 + loss), in percent (Keskar et al. 2017).
func (r *Result) Ascended(name string, losses []float64, se []float64) {
	m := Measured{Name: name}
	best := 0
	for i, v := range losses {
		m.Losses = append(m.Losses, trainlog.Number(v))
		if v > losses[best] {
			best = i
		}
	}
	scale := 1.0
	if name == InBox || name == InBoxSubspace {
		scale = 100 / (1 + float64(r.Loss))
	}
	m.SE = se[best] * scale
	r.add(m, (losses[best]-float64(r.Loss))*scale)
}

// Averaged adds the mean rise over random perturbations.
func (r *Result) Averaged(name string, losses []float64) {
	m := Measured{Name: name}
	rises := make([]float64, len(losses))
	for i, v := range losses {
		m.Losses = append(m.Losses, trainlog.Number(v))
		if rises[i] = v - float64(r.Loss); math.IsNaN(v) {
			rises[i] = math.Inf(1)
		}
	}
	mean, deviation := surface.Mean(rises)
	if !math.IsNaN(deviation) {
		m.SE = deviation / math.Sqrt(float64(len(rises)))
	}
	r.add(m, mean)
}

// Traced adds a trace with its standard error, over and times the square of the norm of the weights as well.
func (r *Result) Traced(trace, se float64) {
	squared := r.Norm * r.Norm
	r.add(Measured{Name: Trace, SE: se}, trace)
	r.add(Measured{Name: TraceOverNorm, SE: se / squared}, trace/squared)
	r.add(Measured{Name: TraceTimesNorm, SE: se * squared}, trace*squared)
}

func (r *Result) add(m Measured, value float64) {
	if math.IsNaN(m.SE) || math.IsInf(m.SE, 0) {
		m.SE = 0
	}
	r.Measures = append(r.Measures, m)
	r.Summary = append(r.Summary, surface.NewSummary(m.Name, []surface.Measured{{Value: value, SE: m.SE}}))
}
