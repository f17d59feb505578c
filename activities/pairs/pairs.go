// Package pairs compares many minimizers of one network with each other, two at a time, and lays them out in a plane.
package pairs

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"

	"lossatlas/activities/surface"
)

// Result has the distances and barriers of n minimizers and their places in a plane, in its stored form.
type Result struct {
	// Names are those of the minimizers.
	Names []string `json:"names"`
	// Present says which of them have weights. The points of the others are (0, 0), without meaning.
	Present []bool `json:"present"`
	// Pairs are those of which both have weights, by their places.
	Pairs []Pair `json:"pairs"`
	// Components are the coordinates along the first two principal components of all weights, mean-centered, and Ratio the shares of the variance that these
	// explain. They equal classical multidimensional scaling of the distances.
	Components [][2]float64 `json:"components"`
	Ratio      [2]float64   `json:"explained_variance_ratio"`
	// Layout are points whose distances are as near to those of the weights as a plane allows, with Stress the root of the sum of the squared
	// differences over that of the squared distances: 0 where the plane shows all distances unchanged.
	Layout [][2]float64 `json:"layout"`
	Stress float64      `json:"stress"`
}

// Pair is two of the minimizers.
type Pair struct {
	A int `json:"a"` // their places, A < B
	B int `json:"b"`
	// Distance is ‖θ_a − θ_b‖ over all parameters.
	Distance float64 `json:"distance"`
	// Barrier is nil where the line between the two is not known.
	Barrier *surface.Barrier `json:"barrier"`
}

// Barriers are those of all pairs as a symmetric matrix; nil where one is not known.
func (r Result) Barriers() [][]*surface.Barrier {
	out := make([][]*surface.Barrier, len(r.Names))
	for i := range out {
		out[i] = make([]*surface.Barrier, len(r.Names))
	}
	for _, p := range r.Pairs {
		out[p.A][p.B], out[p.B][p.A] = p.Barrier, p.Barrier
	}
	return out
}

// Check reports whether the parts agree with each other.
func (r Result) Check() error {
	n := len(r.Names)
	if len(r.Present) != n || len(r.Components) != n || len(r.Layout) != n {
		return fmt.Errorf("pairs of %d minimizers with %d and %d points", n, len(r.Components), len(r.Layout))
	}
	for _, p := range r.Pairs {
		if p.A < 0 || p.B <= p.A || p.B >= n {
			return fmt.Errorf("a pair of minimizers %d and %d, of %d", p.A, p.B, n)
		}
	}
	return nil
}

// Encode writes the result as JSON, equal results as equal bytes.
func (r Result) Encode() ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	return json.Marshal(r)
}

// Decode reads what Encode writes.
func Decode(b []byte) (*Result, error) {
	var r Result
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("pairs: %w", err)
	}
	return &r, r.Check()
}

// CSV is a line for each pair, with a header line. Unknown barriers are empty.
func (r Result) CSV() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"a", "b", "distance", "barrier", "barrier_se", "barrier_at"}}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for _, p := range r.Pairs {
		row := []string{r.Names[p.A], r.Names[p.B], number(p.Distance), "", "", ""}
		if p.Barrier != nil {
			row[3], row[4], row[5] = number(p.Barrier.Height.Value), number(p.Barrier.Height.SE), number(p.Barrier.At)
		}
		rows = append(rows, row)
	}
	err := w.WriteAll(rows)
	return b.Bytes(), err
}
