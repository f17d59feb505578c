package trajectory

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"lossatlas/activities/trainlog"
)

// Path is a training's path in two planes through its last point, in its stored form, or the paths of several
// trainings in the same planes, which lead through the last point of the first.
type Path struct {
	// Epochs are the epochs of the points, ascending: 0 is the initial weights, the last one the trained network.
	Epochs []int `json:"epochs"`
	// Others are the paths of further trainings. In each list their points follow the points of the first training.
	Others []OtherPath `json:"others,omitempty"`
	// PCA are the points' coordinates along the first two principal components of all points; Random those in
	// the plane of two random directions. The last point of the first training is (0, 0).
	PCA    [][2]float64 `json:"pca"`
	Random [][2]float64 `json:"random"`
	// Variance is what all components explain, n−1 in the denominator, and Ratio their shares (sum 1).
	Variance []float64 `json:"explained_variance"`
	Ratio    []float64 `json:"explained_variance_ratio"`
	// PCACosine and RandomCosine are the cosines of the angles between the axes.
	PCACosine    float64 `json:"pca_cosine"`
	RandomCosine float64 `json:"random_cosine"`
	// RandomRatio is the share of the variance that lies in the plane of the random directions.
	RandomRatio float64 `json:"random_variance_ratio"`
	// RateChanges are the epochs after which the learning rate was changed. Not all need be points of the path.
	RateChanges []int `json:"rate_changes"`
	// Norm is ‖θ_i‖, Distance ‖θ_i − θ_n‖, θ_n the last point of the first training.
	Norm     []float64 `json:"norm"`
	Distance []float64 `json:"distance"`
}

// OtherPath is the path of a further training: how many points it has, and where its learning rate was changed.
type OtherPath struct {
	Points      int   `json:"points"`
	RateChanges []int `json:"rate_changes"`
}

// Part is the path of one training: points [From, To) of all lists.
type Part struct {
	From, To    int
	RateChanges []int
}

// Parts are the paths of the trainings, the first one's first.
func (p *Path) Parts() []Part {
	first := len(p.Epochs)
	for _, o := range p.Others {
		first -= o.Points
	}
	parts := []Part{{0, first, p.RateChanges}}
	for _, o := range p.Others {
		from := parts[len(parts)-1].To
		parts = append(parts, Part{from, from + o.Points, o.RateChanges})
	}
	return parts
}

// Letter names training i of several as comparisons name experiments: a, b, …
func Letter(i int) string { return string(rune('a' + i)) }

// Check reports whether the parts of the path agree with each other.
func (p *Path) Check() error {
	n := len(p.Epochs)
	for _, part := range p.Parts() {
		if part.From < 0 || part.To > n || part.To-part.From < 2 {
			return fmt.Errorf("a path of %d points", part.To-part.From)
		}
		for i := part.From + 1; i < part.To; i++ {
			if p.Epochs[i] <= p.Epochs[i-1] {
				return fmt.Errorf("a path in which epoch %d follows epoch %d", p.Epochs[i], p.Epochs[i-1])
			}
		}
	}
	if len(p.PCA) != n || len(p.Random) != n || len(p.Norm) != n || len(p.Distance) != n {
		return fmt.Errorf("a path of %d epochs with %d and %d coordinates, %d norms and %d distances", n, len(p.PCA), len(p.Random), len(p.Norm), len(p.Distance))
	}
	if len(p.Ratio) < 2 {
		return fmt.Errorf("a path with the shares of %d components", len(p.Ratio))
	}
	for _, points := range [][][2]float64{p.PCA, p.Random} {
		for i, c := range points {
			if s := c[0] + c[1]; math.IsNaN(s) || math.IsInf(s, 0) {
				return fmt.Errorf("epoch %d of the path has the coordinates %v", p.Epochs[i], c)
			}
		}
	}
	return nil
}

// Encode writes the path as JSON, equal paths as equal bytes.
func (p *Path) Encode() ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return json.Marshal(p)
}

// DecodePath reads what Encode writes.
func DecodePath(b []byte) (*Path, error) {
	var p Path
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	return &p, p.Check()
}

// CSV is the path as a table, a line for each point, with a header line.
func (p *Path) CSV() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"epoch", "pc1", "pc2", "random1", "random2", "norm", "distance", "rate_change"}}
	if len(p.Others) > 0 {
		rows[0] = append(rows[0], "training")
	}
	for k, part := range p.Parts() {
		for i := part.From; i < part.To; i++ {
			row := []string{strconv.Itoa(p.Epochs[i])}
			for _, v := range []float64{p.PCA[i][0], p.PCA[i][1], p.Random[i][0], p.Random[i][1], p.Norm[i], p.Distance[i]} {
				row = append(row, strconv.FormatFloat(v, 'g', -1, 64))
			}
			if row = append(row, strconv.FormatBool(p.Changed(i))); len(p.Others) > 0 {
				row = append(row, Letter(k))
			}
			rows = append(rows, row)
		}
	}
	err := w.WriteAll(rows)
	return b.Bytes(), err
}

// Changed says whether a step of the learning rate, as of [trainlog.RateSteps], is at point i, or between it and the next one of its training.
func (p *Path) Changed(i int) bool {
	return slices.ContainsFunc(p.Parts(), func(part Part) bool {
		return i >= part.From && i < part.To-1 && slices.ContainsFunc(trainlog.RateSteps(part.RateChanges), func(e int) bool { return p.Epochs[i] <= e && e < p.Epochs[i+1] })
	})
}

// Range is the interval of axis 0 or 1 of the PCA plane that the path takes up,
// widened on both sides by margin times its length.
func (p *Path) Range(axis int, margin float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, c := range p.PCA {
		lo, hi = min(lo, c[axis]), max(hi, c[axis])
	}
	room := margin * (hi - lo)
	return lo - room, hi + room
}
