package pipelines

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"lossatlas/artifacts"
)

// Kind names what a step does; each kind is one activity (or one fan-out of them).
type Kind string

// The kinds of steps, in the order in which an experiment runs them.
const (
	KindTrain           Kind = "train"
	KindImport          Kind = "import" // in place of a training
	KindDirections      Kind = "directions"
	KindEigenvectors    Kind = "eigenvectors"
	KindGivenDirections Kind = "given-directions"
	KindDifference      Kind = "difference"
	KindLine            Kind = "line"
	KindSurface         Kind = "surface"
	KindHessian         Kind = "hessian"
	KindTrajectory      Kind = "trajectory"
	KindSpectrum        Kind = "spectrum"
	KindFlatness        Kind = "flatness"
	KindRender          Kind = "render"
	KindReport          Kind = "report"
)

// kinds says of each kind what its key depends on beside parameters and inputs.
var kinds = map[Kind]struct {
	// version is the version of the step's code. A change that changes results must raise it.
	version int
	// numeric steps run on the numeric backend, so that the numerics class is part of their key.
	numeric bool
}{
	KindTrain:           {version: 2, numeric: true},
	KindImport:          {version: 2, numeric: true},
	KindDirections:      {version: 1},
	KindEigenvectors:    {version: 2, numeric: true},
	KindGivenDirections: {version: 1},
	KindDifference:      {version: 1},
	KindLine:            {version: 2, numeric: true},
	KindSurface:         {version: 2, numeric: true},
	KindHessian:         {version: 3, numeric: true},
	KindTrajectory:      {version: 1},
	KindSpectrum:        {version: 2, numeric: true},
	KindFlatness:        {version: 2},
	KindRender:          {version: 3},
	KindReport:          {version: 4},
}

// Kinds are all kinds of steps, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }

// Numeric says whether steps of this kind run on the numeric backend.
func (k Kind) Numeric() bool { return kinds[k].numeric }

// Computes says whether steps of this kind take computing time, not just moments.
func (k Kind) Computes() bool { return kinds[k].numeric || k == KindTrajectory }

// Version is the version of the code of steps of this kind.
func (k Kind) Version() int { return kinds[k].version }

// Output names that steps refer to.
const (
	OutWeights    = "weights"    // train, import: safetensors with PyTorch names, running statistics included
	OutLog        = "log"        // train, import: JSON, see TrainLog
	OutDirections = "directions" // directions, eigenvectors, difference, trajectory: safetensors, tensors "x/<param>" and "y/<param>"
	OutGrid       = "grid"       // line, surface, hessian: NPZ
	OutPath       = "path"       // trajectory: JSON, see activities/trajectory
	OutSpectrum   = "spectrum"   // spectrum: NPZ
	OutFlatness   = "flatness"   // flatness: JSON, see activities.FlatnessResult
	OutPNG        = "png"        // render
	OutSVG        = "svg"        // render
	OutPDF        = "pdf"        // render
	OutHTML       = "html"       // report
)

// Inputs of a difference beside the weights that it starts from.
const (
	InTowardX = "toward_x"
	InTowardY = "toward_y"
)

// Ref points at an output of another step of the same graph.
type Ref struct {
	Step   string `json:"step"`
	Output string `json:"output"`
}

// Step is one unit of cached work. Its key is made from its kind, parameters
// and the digests of its inputs, never from its ID.
type Step struct {
	// ID is unique within the sweep and reads well: "batch_size=128/surface-test".
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Params is the normalised parameter struct of the kind (TrainParams, …): defaults filled in, nothing cosmetic.
	Params json.RawMessage `json:"params"`
	Inputs map[string]Ref  `json:"inputs,omitempty"`
	// Partial steps run with whatever inputs there are when steps before them failed.
	Partial bool `json:"partial,omitempty"`
	// AnyNumerics leaves the numerics class out of the key (a sweep's "numerics: any").
	AnyNumerics bool `json:"any_numerics,omitempty"`
}

// Recipe returns everything that determines the step's result, given the
// digests of its inputs and the numerics class it will run on.
func (s Step) Recipe(inputs map[string]artifacts.Digest, numerics string) (artifacts.Recipe, error) {
	k, ok := kinds[s.Kind]
	if !ok {
		return artifacts.Recipe{}, fmt.Errorf("step %s: unknown kind %q", s.ID, s.Kind)
	}
	if !k.numeric || s.AnyNumerics {
		numerics = ""
	}
	return artifacts.Recipe{Kind: string(s.Kind), Version: k.version, Params: s.Params, Inputs: maps.Clone(inputs), Numerics: numerics}, nil
}

// TrainData says which images a training sees: the first Train records of the
// training split, and the first Test of the test split for the recorded test error.
type TrainData struct {
	Name   string `json:"name"`
	Digest string `json:"digest"` // of the whole dataset's content, "sha256:…"
	Train  int    `json:"train"`
	Test   int    `json:"test"`
}

// Drop multiplies the learning rate by Factor from the start of epoch Epoch (counted from 0).
type Drop struct {
	Epoch  int     `json:"epoch"`
	Factor float64 `json:"factor"`
}

// Optimizer is the update rule and its schedule.
type Optimizer struct {
	Kind        string  `json:"kind"` // "sgd" or "adam"
	LR          float64 `json:"lr"`
	Momentum    float64 `json:"momentum"`     // of sgd
	Nesterov    bool    `json:"nesterov"`     // of sgd
	WeightDecay float64 `json:"weight_decay"` // on all parameters, as part of the gradient
	Schedule    []Drop  `json:"schedule"`
	Cosine      bool    `json:"cosine,omitempty"` // the rate falls to 0 along half a cosine, after the warm-up
	Warmup      int     `json:"warmup,omitempty"` // epochs in which the rate rises to its full value
	// Constants of adam.
	Beta1   float64 `json:"beta1,omitempty"`
	Beta2   float64 `json:"beta2,omitempty"`
	Epsilon float64 `json:"epsilon,omitempty"`
}

// TrainParams is the recipe of one training run.
type TrainParams struct {
	Net       Network   `json:"net"`
	Data      TrainData `json:"data"`
	Optimizer Optimizer `json:"optimizer"`
	Epochs    int       `json:"epochs"`
	BatchSize int       `json:"batch_size"`
	// BNGroup is how many images share batch statistics. A batch is processed in
	// groups of this size and their gradients averaged, so that a large batch
	// fits in memory and the result does not depend on how much there is.
	BNGroup int    `json:"bn_group"`
	Augment bool   `json:"augment"` // random crop with 4 pixels of padding, horizontal flip
	Seed    uint64 `json:"seed"`
	// LabelNoise is the probability with which a training label is a wrong one.
	LabelNoise float64 `json:"label_noise,omitempty"`
	// Checkpoints are the epochs after which the weights are kept, rising; 0 is before
	// the first. The last epoch is not among them: its weights are the output "weights".
	Checkpoints []int `json:"checkpoints,omitempty"`
}

// ImportParams takes weights that are in the store in place of a training's, and
// evaluates them on the data. As maps depend on the weights' digest alone, they are
// shared with a training that came to the same weights.
type ImportParams struct {
	Net     Network   `json:"net"`
	Weights string    `json:"weights"` // digest of the weights as a training would store them
	Data    TrainData `json:"data"`
}

// DirectionsParams says how the directions of a map are drawn. Input: weights.
type DirectionsParams struct {
	Net       Network `json:"net"`
	Normalize string  `json:"normalize"` // filter, layer, weight, none
	Ignore    string  `json:"ignore"`    // "biasbn" or "none"
	Seed      uint64  `json:"seed"`
	Axes      int     `json:"axes"` // 1 for a line, 2 for a surface
}

// EigenvectorsParams are directions along the eigenvectors, of length 1, of the largest eigenvalues of
// the Hessian of the loss at the minimizer. Input: weights. Output: directions.
type EigenvectorsParams struct {
	Net       Network `json:"net"`
	Data      MapData `json:"data"`
	Batch     int     `json:"batch"`
	Subset    string  `json:"subset"`    // as of HessianParams
	Tolerance float64 `json:"tolerance"` // as of HessianParams
	Axes      int     `json:"axes"`      // 1 for a line, 2 for a surface
}

// GivenDirectionsParams are directions from a file that is in the store. Output: directions.
type GivenDirectionsParams struct {
	Net        Network `json:"net"`
	Directions string  `json:"directions"` // digest of the file, in the form of the output directions
	Axes       int     `json:"axes"`       // 1 for a line, which takes the first of two; 2 for a surface
}

// DifferenceParams are directions between minimizers. Inputs: weights, where they
// start; toward_x and, for a plane, toward_y, where they lead. Output: directions.
type DifferenceParams struct {
	Net Network `json:"net"`
	// States also moves the running statistics of batch normalization.
	States bool `json:"states"`
}

// Axis is one side of a lattice: N equidistant values from Min to Max, both included.
type Axis struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
	N   int     `json:"n"`
}

// MapData names the records that a map's loss is the mean over: [From, To) of a split.
type MapData struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Split  string `json:"split"` // train, test
	From   int    `json:"from"`
	To     int    `json:"to"`
	// Noise is how the labels were made wrong for the training, of which a map of the training split sees the same.
	Noise *LabelNoise `json:"label_noise,omitempty"`
}

// LabelNoise makes each label a wrong one with probability Fraction; which ones, the seed says.
type LabelNoise struct {
	Fraction float64 `json:"fraction"`
	Seed     uint64  `json:"seed"`
}

// TrajectoryParams says which path is analysed. Inputs: weights, and for each
// epoch but the last one its checkpoint, named as the output. Outputs: path, directions.
type TrajectoryParams struct {
	Net    Network `json:"net"`
	Ignore string  `json:"ignore"` // of the principal components and the random directions
	// Normalize and Seed are those of the two random directions in which the path is shown beside.
	Normalize string `json:"normalize"`
	Seed      uint64 `json:"seed"`
	// Epochs are those of the path's points, rising; the last one is that of the weights.
	Epochs []int `json:"epochs"`
	// RateChanges are the epochs after which the learning rate was changed by the schedule.
	RateChanges []int `json:"rate_changes"`
}

// Fit lays the axes of a map around a path. Each such axis says only how many points it has.
type Fit struct {
	X      bool    `json:"x"`
	Y      bool    `json:"y"`
	Margin float64 `json:"margin"` // room on each side, as a fraction of the path's extent
}

// MapParams is a line (Y nil) or a surface. Inputs: weights, directions, and with Fit the path. Output: grid.
type MapParams struct {
	Net   Network `json:"net"`
	Data  MapData `json:"data"`
	X     Axis    `json:"x"`
	Y     *Axis   `json:"y,omitempty"`
	Fit   *Fit    `json:"fit,omitempty"`
	Batch int     `json:"batch"` // images per executable call; summation order, hence the last bits, depend on it
}

// HessianParams is a map of the extreme eigenvalues of the Hessian of the same
// loss, over a surface's lattice. Inputs: weights, directions. Output: grid.
type HessianParams struct {
	MapParams
	Subset    string  `json:"subset"`    // "all" parameters, or "weights" without biases and batch normalization
	Tolerance float64 `json:"tolerance"` // residual allowed to each eigenvalue, relative to its size
}

// SpectrumParams is the spectrum of the Hessian of the loss at the minimizer: its
// two ends, its trace and its density. Input: weights. Output: spectrum.
type SpectrumParams struct {
	Net       Network `json:"net"`
	Data      MapData `json:"data"`
	Batch     int     `json:"batch"`
	Subset    string  `json:"subset"`    // as of HessianParams
	Tolerance float64 `json:"tolerance"` // of the two ends, as of HessianParams
	Probes    int     `json:"probes"`    // random vectors
	Steps     int     `json:"steps"`     // of Lanczos' method, for each of them
	Seed      uint64  `json:"seed"`      // of the random vectors
}

// FlatnessParams says what is measured of grids around one minimizer that
// differ in their directions alone. Inputs: grid-0, grid-1, …. Output: flatness.
type FlatnessParams struct {
	Levels []float64 `json:"levels"` // above the loss at the minimizer, at which widths are taken
	Radii  []float64 `json:"radii"`  // within which the largest loss is looked for
}

// InGrid is what a flatness step calls the grid of the i-th pair of directions, counted from 0.
func InGrid(i int) string { return fmt.Sprintf("grid-%d", i) }

// RenderParams is one picture. Inputs by plot: "line": grids "train", "test"
// (either or both); "contour", "filled", "heat", "surface3d", "ratio": "grid"; "trajectory":
// "grid", "path"; "density": "spectrum"; "training": "log"; of a figure over several
// experiments as FigureParams says. Outputs: png, svg, pdf.
type RenderParams struct {
	Plot  string `json:"plot"` // a plot, or the kind of a figure
	Title string `json:"title"`
	// Style is how it looks, where a sweep says so.
	Style *Style `json:"style,omitempty"`
	// Figure is what a figure over several experiments shows.
	Figure *FigureParams `json:"figure,omitempty"`
	// Marks are named points of a line or plane.
	Marks []Mark `json:"marks,omitempty"`
}

// Mark is a named point of a picture, at the coordinates (X, Y) of its map.
type Mark struct {
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Label string  `json:"label"`
}

// ReportExperiment is one row of the report.
type ReportExperiment struct {
	Name   string         `json:"name"`
	Group  string         `json:"group,omitempty"` // as of Experiment
	Params map[string]any `json:"params"`
	// Log is the input that holds the training log; Pictures are the inputs that hold
	// the SVG (and PNG) pictures, in order.
	Log      string          `json:"log"`
	Pictures []ReportPicture `json:"pictures"`
	// Flatness are the inputs with numbers of flatness, in order.
	Flatness []ReportFlatness `json:"flatness,omitempty"`
	// Maps are the inputs with the numbers of maps, in order.
	Maps []ReportMap `json:"maps,omitempty"`
}

// ReportMap names the inputs of one map and split.
type ReportMap struct {
	Name  string `json:"name"`  // of the map, surface
	Kind  string `json:"kind"`  // line, surface, hessian, trajectory, spectrum
	Split string `json:"split"` // train, test
	// Data is the input with the grid, or of a spectrum; Path that with the path of a trajectory.
	Data string `json:"data"`
	Path string `json:"path,omitempty"`
	// Marks are the named points of a comparison.
	Marks []Mark `json:"marks,omitempty"`
}

// ReportFlatness names the input with the numbers of one map and split.
type ReportFlatness struct {
	Name  string `json:"name"` // of the map and split, surface-train
	Input string `json:"input"`
}

// ReportPicture names the inputs of one picture. Grid is the input with its data, a grid or a spectrum ("" for training curves),
// Path that with the path of a trajectory; a picture with a path offers both for download.
type ReportPicture struct {
	Title string `json:"title"`
	SVG   string `json:"svg"`
	PNG   string `json:"png"`
	Grid  string `json:"grid,omitempty"`
	Path  string `json:"path,omitempty"`
}

// ReportParams is the page of a sweep. Output: html.
type ReportParams struct {
	Sweep       string             `json:"sweep"`
	Title       string             `json:"title"`
	Experiments []ReportExperiment `json:"experiments"`
	// Figures are pictures over several experiments, which come first.
	Figures []ReportPicture `json:"figures,omitempty"`
	// Comparisons are maps between the minimizers of several experiments; they have no log.
	Comparisons []ReportExperiment `json:"comparisons,omitempty"`
}

// Experiment is one point of a sweep and the steps it needs, in topological order.
type Experiment struct {
	Name string `json:"name"`
	// Group is what an experiment and its repetitions are called together, "" where the sweep repeats nothing.
	Group  string         `json:"group,omitempty"`
	Params map[string]any `json:"params"` // the swept values, by path
	Steps  []Step         `json:"steps"`
}

// Graph is an expanded sweep: what to run, in topological order. Steps of
// different experiments with the same key are the same work and run once.
type Graph struct {
	Sweep       string       `json:"sweep"`
	Experiments []Experiment `json:"experiments"`
	Final       []Step       `json:"final"` // steps over all experiments: the report
}
