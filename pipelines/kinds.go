package pipelines

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Kind names a kind of step.
type Kind string

// Spec is the declarative half of a kind of step: all that planning, scheduling and showing it takes. How it is
// done is in package lossatlas/activities/runner.
type Spec struct {
	// Version is the version of the step's code. A change that changes results must raise it.
	Version int
	// Numeric steps run on the numeric backend, so that the numerics class is part of their key.
	Numeric bool
	// Computes says that steps take computing time, not moments, as all numeric ones do.
	Computes bool
	// Long steps keep a worker for hours, and go to a GPU where there is one. Others are cut into short
	// chunks, or are over soon.
	Long bool
	// Unit is the unit of a step's chunks, "point" or "part"; "" for a step that is not cut into chunks.
	Unit string
	// Attempt limits one attempt at a step, or at one of its chunks, that computes. An attempt resumes from
	// what the last one stored. 0 is a day.
	Attempt time.Duration
	// Outputs are the names of the outputs. MoreOutputs, which may be nil, returns the outputs that the parameters request.
	Outputs     []string
	MoreOutputs func(params json.RawMessage) []string
	// Label describes a step in a few words, by its parameters alone, as steps are shared between sweeps; nil for no label.
	Label func(params json.RawMessage) string
	// Cost is the cost of a step; nil for steps of negligible time.
	Cost func(params json.RawMessage) Cost
}

// Cost is the work of a step.
type Cost struct {
	Net     Network
	Problem Problem
	// Passes is how many images are taken forward through the network. A training step or a Hessian-vector product
	// counts as several passes.
	Passes float64
	// Pace is the usual time of a pass, relative to one of a training: measured on two cores with small networks.
	Pace float64
	// Program names the program to compile first.
	Program string
}

// forward is the cost of forward passes.
func forward(net Network, of Problem, passes float64) Cost {
	return Cost{Net: net, Problem: of, Passes: passes, Pace: 1. / 2, Program: "forward " + net.String()}
}

// specs are the kinds of steps. A new kind needs a line here, and one in the table of lossatlas/activities/runner.
var specs = map[Kind]Spec{
	KindTrain:           trainSpec,
	KindImport:          importSpec,
	KindFiles:           filesSpec,
	KindDirections:      directionsSpec,
	KindEigenvectors:    eigenvectorsSpec,
	KindGivenDirections: givenDirectionsSpec,
	KindShift:           shiftSpec,
	KindDifference:      differenceSpec,
	KindAlign:           alignSpec,
	KindMatch:           matchSpec,
	KindCurve:           curveSpec,
	KindLine:            mapSpec,
	KindSurface:         mapSpec,
	KindRange:           rangeSpec,
	KindHessian:         hessianSpec,
	KindTrajectory:      trajectorySpec,
	KindPathLoss:        pathLossSpec,
	KindPairs:           pairsSpec,
	KindSpectrum:        spectrumSpec,
	KindDecay:           decaySpec,
	KindSpectrumDecay:   spectrumDecaySpec,
	KindFlatness:        flatnessSpec,
	KindSharpness:       sharpnessSpec,
	KindRender:          renderSpec,
	KindReport:          reportSpec,
}

// Register adds a kind of step of a program that embeds this one, before any work begins.
func Register(k Kind, s Spec) { specs[k] = s }

// Kinds are all kinds of steps, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(specs)) }

// Known says whether this program knows the kind.
func (k Kind) Known() bool { _, ok := specs[k]; return ok }

// Version is the version of the code of steps of this kind.
func (k Kind) Version() int { return specs[k].Version }

// Numeric says whether steps of this kind run on the numeric backend.
func (k Kind) Numeric() bool { return specs[k].Numeric }

// Computes says whether steps of this kind take computing time, not just moments.
func (k Kind) Computes() bool { return specs[k].Numeric || specs[k].Computes }

// Long says whether steps of this kind keep a worker for hours.
func (k Kind) Long() bool { return specs[k].Long }

// Unit is the unit of a step's chunks, "" for a step that is not cut into chunks.
func (k Kind) Unit() string { return specs[k].Unit }

// Attempt limits one attempt at a step, or at one of its chunks.
func (k Kind) Attempt() time.Duration { return cmp.Or(specs[k].Attempt, 24*time.Hour) }

// Label describes the step by the content of its key alone: "train resnet20 bs128 wd0.0005".
func (s Step) Label() string {
	label := string(s.Kind)
	if of := specs[s.Kind].Label; of != nil {
		label += " " + of(s.Params)
	}
	return strings.TrimSpace(label)
}

// Cost is the work of the step; the zero value if it takes no time worth counting.
func (s Step) Cost() Cost {
	if of := specs[s.Kind].Cost; of != nil {
		return of(s.Params)
	}
	return Cost{}
}

// Outputs are the names of the step's outputs, unless it ends early, as a diverging training does.
func (s Step) Outputs() []string {
	spec := specs[s.Kind]
	if spec.MoreOutputs == nil {
		return spec.Outputs
	}
	return slices.Concat(spec.Outputs, spec.MoreOutputs(s.Params))
}

// typed makes a function of parameters in JSON of one of their struct. Parameters that can't be decoded give the
// zero value: the step itself fails on them, and says why.
func typed[P, T any](of func(P) T) func(json.RawMessage) T {
	return func(params json.RawMessage) (zero T) {
		var p P
		if json.Unmarshal(params, &p) != nil {
			return zero
		}
		return of(p)
	}
}
