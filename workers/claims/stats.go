package main

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/combin"
	"gonum.org/v1/gonum/stat/distuv"
)

// Value is a number or a bound of it.
type Value struct {
	V       float64
	AtLeast bool // V is a lower bound
	AtMost  bool // V is an upper bound
}

// MarshalJSON writes null where V is no finite number.
func (v Value) MarshalJSON() ([]byte, error) {
	out := valueJSON{AtLeast: v.AtLeast, AtMost: v.AtMost}
	if !math.IsNaN(v.V) && !math.IsInf(v.V, 0) {
		out.V = &v.V
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Value) UnmarshalJSON(b []byte) error {
	var in valueJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*v = Value{math.NaN(), in.AtLeast, in.AtMost}
	if in.V != nil {
		v.V = *in.V
	}
	return nil
}

type valueJSON struct {
	V       *float64 `json:"v"`
	AtLeast bool     `json:"at_least,omitempty"`
	AtMost  bool     `json:"at_most,omitempty"`
}

// known says that the value is a number, and bounded on one side at most.
func (v Value) known() bool {
	return !math.IsNaN(v.V) && !math.IsInf(v.V, 0) && !(v.AtLeast && v.AtMost)
}

// logRatio is log(a/b).
func logRatio(a, b Value) Value {
	return Value{math.Log(a.V / b.V), a.AtLeast || b.AtMost, a.AtMost || b.AtLeast}
}

// minus is a − b.
func minus(a, b Value) Value {
	return Value{a.V - b.V, a.AtLeast || b.AtMost, a.AtMost || b.AtLeast}
}

// mean is the mean of values, a bound where one of them is.
func mean(values []Value) Value {
	out := Value{V: math.NaN()}
	if len(values) > 0 {
		out.V = 0
	}
	for _, v := range values {
		out.V += v.V / float64(len(values))
		out.AtLeast, out.AtMost = out.AtLeast || v.AtLeast, out.AtMost || v.AtMost
	}
	return out
}

// statistic is a number with its 95 % interval, and the region in which the claim wants it.
type statistic struct {
	name        string
	value       Value
	lo, hi      float64
	n           int // units
	out         int // units that were left out
	above, upTo float64
}

// agrees says that the interval lies in the claim's region, whatever is behind bounds.
func (s statistic) agrees() bool {
	return s.lo > s.above && s.hi < s.upTo && !(s.value.AtMost && !math.IsInf(s.above, -1)) && !(s.value.AtLeast && !math.IsInf(s.upTo, 1)) && !s.selected()
}

// opposes says that the interval lies outside the claim's region, whatever is behind bounds.
func (s statistic) opposes() bool {
	return (s.hi < s.above && !s.value.AtLeast || s.lo > s.upTo && !s.value.AtMost) && !s.selected()
}

// selected says that more than a quarter of the units had to be left out.
func (s statistic) selected() bool { return float64(s.out) > mostCut*float64(s.n+s.out) }

var inf = math.Inf(1)

// student is the mean of independent units with Student's 95 % interval.
func student(name string, units []Value, above, upTo float64) statistic {
	s := statistic{name: name, lo: math.NaN(), hi: math.NaN(), above: above, upTo: upTo}
	var used []Value
	var numbers []float64
	for _, u := range units {
		if !u.known() {
			s.out++
			continue
		}
		used, numbers = append(used, u), append(numbers, u.V)
	}
	s.value, s.n = mean(used), len(used)
	if s.n < 2 {
		return s
	}
	half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(s.n - 1)}.Quantile(0.975) * stat.StdDev(numbers, nil) / math.Sqrt(float64(s.n))
	s.lo, s.hi = s.value.V-half, s.value.V+half
	return s
}

// ranks are those of values from 1, with the mean rank of equal ones.
func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v[a], v[b]) })
	out := make([]float64, len(v))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && v[order[j]] == v[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			out[order[k]] = float64(i+j+1) / 2
		}
		i = j
	}
	return out
}

// spearman is the rank correlation; NaN where one side is constant.
func spearman(x, y []float64) float64 { return stat.Correlation(ranks(x), ranks(y), nil) }

// mostExact is the largest number of values of which all permutations are looked at.
const mostExact = 9

// permutationP is the share of all permutations of y whose rank correlation with x is at least as large in size as that of y itself.
// NaN of more than mostExact values.
func permutationP(x, y []float64) float64 {
	n := len(x)
	if n < 2 || n > mostExact {
		return math.NaN()
	}
	rx, ry := ranks(x), ranks(y)
	seen, extreme := 0, 0
	found := math.Abs(stat.Correlation(rx, ry, nil))
	permuted, order := make([]float64, n), make([]int, n)
	all := combin.NewPermutationGenerator(n, n)
	for all.Next() {
		for i, j := range all.Permutation(order) {
			permuted[i] = ry[j]
		}
		seen++
		if math.Abs(stat.Correlation(rx, permuted, nil)) >= found-1e-12 {
			extreme++
		}
	}
	return float64(extreme) / float64(seen)
}

// draws is how many bootstrap samples are drawn.
const draws = 2000

// bootstrap is the 95 % interval of a statistic of samples in which each cell's members are drawn again with replacement.
func bootstrap[T any](cells [][]T, of func(cells [][]T) float64) (lo, hi float64) {
	r := rand.New(rand.NewPCG(1, 2))
	var found []float64
	for range draws {
		drawn := make([][]T, len(cells))
		for i, cell := range cells {
			for range cell {
				drawn[i] = append(drawn[i], cell[r.IntN(len(cell))])
			}
		}
		if v := of(drawn); !math.IsNaN(v) {
			found = append(found, v)
		}
	}
	if len(found) < draws/2 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(found)
	return stat.Quantile(0.025, stat.LinInterp, found, nil), stat.Quantile(0.975, stat.LinInterp, found, nil)
}

// auc is the area under the ROC curve: the probability that one of positive is larger than one of negative, equal ones counting half.
func auc(positive, negative []float64) float64 {
	if len(positive) == 0 || len(negative) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for i, r := range ranks(slices.Concat(positive, negative)) {
		if i < len(positive) {
			sum += r
		}
	}
	p, n := float64(len(positive)), float64(len(negative))
	return (sum - p*(p+1)/2) / (p * n)
}

// randomWalk is the share of the variance in the first two principal components of a random walk of n points in many dimensions:
// of eigenvalues 1/(4 sin²(πk/2n)), k = 1 … n−1. It tends to 0.76.
func randomWalk(n int) float64 {
	two, all := 0.0, 0.0
	for k := 1; k < n; k++ {
		v := 1 / math.Pow(math.Sin(math.Pi*float64(k)/float64(2*n)), 2)
		if all += v; k <= 2 {
			two += v
		}
	}
	return two / all
}

// pearson is the correlation of two lists.
func pearson(x, y []float64) float64 { return stat.Correlation(x, y, nil) }
