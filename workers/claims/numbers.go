package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Numbers are what the page takes from one sweep, pipelines/results/<sweep>.json. They follow from an export of the sweep.
type Numbers struct {
	Sweep   string
	Title   string
	Command string // that ran it
	Program string
	// Numerics are the classes of arithmetic that the steps ran on.
	Numerics []string
	// Steps is the number of steps with a result, Minutes their wall-clock time and CPUMinutes their processor time.
	Steps      int
	Minutes    map[string]float64 // by kind of step, and "all"
	CPUMinutes map[string]float64 // likewise
	// MapImages is how many images the losses of each map are means over.
	MapImages map[string]int
	// Digest is the SHA-256 over the digests of all outputs but pictures and the report, in the order of their names.
	Digest   string
	Networks []Network
	// Interpolations are between a small and a large batch.
	Interpolations []Interpolation `json:",omitempty"`
	Figures        []string        `json:",omitempty"`
}

// Network is one trained network with what was measured around it.
type Network struct {
	Name      string
	Net       string
	Optimizer string
	Rate      float64
	Decay     float64
	Batch     int
	Epochs    int
	Seed      uint64
	Images    int // of the training
	// TrainLoss and TestError (percent) are those after the training, in evaluation mode; null where it diverged.
	TrainLoss *float64
	TestError *float64
	// FirstLoss is the mean training loss of the first epoch, in training mode; 0 of imported weights.
	FirstLoss float64 `json:",omitempty"`
	// Product is Σ lr·decay/(1 − momentum) over the updates of SGD.
	Product float64 `json:",omitempty"`
	// Widths at level, by map: of each direction.
	Widths map[string][]Value `json:",omitempty"`
	// Correlations between the logarithms of the losses along each two directions of a line, by map.
	Correlations map[string][]float64 `json:",omitempty"`
	Planes       []Plane              `json:",omitempty"`
	Path         *Path                `json:",omitempty"`
	Weights      *Weights             `json:",omitempty"`
}

// Plane is what was measured on one surface.
type Plane struct {
	Map    string
	Points int
	// Away is the share of the judged points at which the direction of steepest descent leads away from the center.
	Away float64
	// Convex is the share of the judged points at which the surface is convex.
	Convex float64
	// Center is the loss at the center and Height that of the highest convex contour above it.
	Center float64
	Height Value
	// Contour is that at contourLevel around the center, nil where the center lies above it.
	Contour *Contour `json:",omitempty"`
	// AUC is that of |λmin/λmax| between points that are not convex and points that are, of which there are as many; nil without eigenvalues.
	AUC       *float64 `json:",omitempty"`
	NotConvex int      `json:",omitempty"`
	IsConvex  int      `json:",omitempty"`
}

// Contour is a closed one around the center of a surface.
type Contour struct {
	LogRadius     Value // mean logarithm of the radii
	LogElongation Value // logarithm of the longest radius over the shortest
}

// Path is that of a training. Shares are of its variance.
type Path struct {
	Points           int
	First, Second    float64 // principal components
	Random           float64 // two random directions
	NormFrom, NormTo float64 // ‖θ‖ of the initial and the last weights
}

// Weights are those of convolutions and linear layers after the training.
type Weights struct {
	Deviation float64
	Small     float64 // share of |w| < small
}

// Interpolation is the line between the minimizers of the small and the large batch.
type Interpolation struct {
	Optimizer    string
	Decay        float64
	Seed         uint64
	Small, Large Value // widths, from either minimizer towards the other one
}

// load reads the numbers of all sweeps in the folder of the page.
func load(folder string) (map[string]*Numbers, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	all := map[string]*Numbers{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		n := &Numbers{}
		if err := json.Unmarshal(b, n); err != nil {
			return nil, fmt.Errorf("%s: %w: write it again with `go run ./workers/claims collect EXPORT FOLDER`", file, err)
		}
		all[n.Sweep] = n
	}
	return all, nil
}

// hasShortcuts says whether the network has skip connections, or, as VGG, is shallow enough to be judged as if it had.
func (n Network) hasShortcuts() bool { return !strings.Contains(n.Net, "-noshort") }

// isConverged says whether the network is a minimizer.
func (n Network) isConverged() bool {
	limit := converged
	if !n.hasShortcuts() {
		limit = convergedWithout
	}
	return n.TrainLoss != nil && *n.TrainLoss <= limit
}

// where lists the networks of a sweep that are converged and meet a condition, by seed.
func (n *Numbers) where(meets func(Network) bool) map[uint64]Network {
	out := map[uint64]Network{}
	for _, net := range n.Networks {
		if net.isConverged() && meets(net) {
			out[net.Seed] = net
		}
	}
	return out
}

// batches are the smallest and the largest batch of a sweep.
func (n *Numbers) batches() (small, large int) {
	small = math.MaxInt
	for _, net := range n.Networks {
		small, large = min(small, net.Batch), max(large, net.Batch)
	}
	return small, large
}

// width is the mean width of the directions of a map.
func (n Network) width(of string) Value {
	if len(n.Widths[of]) == 0 {
		return Value{V: math.NaN()}
	}
	return mean(n.Widths[of])
}

// plane is the mean of a number over the planes.
func (n Network) plane(of func(Plane) Value) Value {
	var all []Value
	for _, p := range n.Planes {
		if v := of(p); v.known() {
			all = append(all, v)
		}
	}
	return mean(all)
}

func away(p Plane) Value { return Value{V: p.Away} }

// logHeight is the logarithm of the height of the highest convex contour.
func logHeight(p Plane) Value {
	return Value{math.Log(p.Height.V), p.Height.AtLeast, p.Height.AtMost}
}

// logRadius and logElongation are those of the contour.
func logRadius(p Plane) Value     { return p.contour().LogRadius }
func logElongation(p Plane) Value { return p.contour().LogElongation }

func (p Plane) contour() Contour {
	if p.Contour == nil {
		return Contour{Value{V: math.NaN()}, Value{V: math.NaN()}}
	}
	return *p.Contour
}

// pairs are the values of a function of two networks for each seed that both have.
func pairs(a, b map[uint64]Network, of func(a, b Network) Value) []Value {
	var out []Value
	for _, seed := range sortedKeys(a) {
		if other, ok := b[seed]; ok {
			out = append(out, of(a[seed], other))
		}
	}
	return out
}

// base is the name of a built-in network without its parameters.
func (n Network) base() string {
	name, _, _ := strings.Cut(n.Net, ":")
	return name
}

func sortedKeys[V any](m map[uint64]V) []uint64 {
	out := make([]uint64, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
