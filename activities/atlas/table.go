package atlas

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
)

// column is a column of the table of experiments.
type column struct {
	Path, Label string // Path is what it holds in full, of a measure of a map as `lossatlas show` names it; Label a shorter name where that is clear
	About       string // what such a measure is
	Hidden      bool   // until a reader picks it
	Measured    bool   // it is a result, no parameter
}

// cell is a value of the table: as shown, and as the table is sorted by, "" without a value.
type cell struct {
	Text, Sort string
	Bounds     int     // how many of the values behind it are lower bounds
	value      float64 // of what came out, NaN where it is not known
}

// unknown is the cell of a value that is not known.
var unknown = cell{Text: "—", value: math.NaN()}

// measured is the value as one among others.
func (c cell) measured() surface.Measured {
	return surface.Measured{Value: c.value, AtLeast: c.Bounds > 0}
}

// columns returns the swept parameters of all experiments in the order of their first use.
func columns(experiments []Experiment) []column {
	var out []column
	short := map[string]int{}
	for _, e := range experiments {
		for _, p := range e.Params {
			if !slices.ContainsFunc(out, func(c column) bool { return c.Path == p.Name }) {
				label := p.Name[strings.LastIndexByte(p.Name, '.')+1:]
				out = append(out, column{Path: p.Name, Label: label})
				short[label]++
			}
		}
	}
	for i, c := range out {
		if c.Label == "" || short[c.Label] > 1 {
			out[i].Label = c.Path
		}
	}
	return out
}

// value is an experiment's cell of a swept parameter.
func (c column) value(e Experiment) cell {
	if j := slices.IndexFunc(e.Params, func(p Pair) bool { return p.Name == c.Path }); j >= 0 {
		return cell{Text: e.Params[j].Value, Sort: e.Params[j].Value}
	}
	return unknown
}

// results are the columns of what came out: losses and error, then flatness and curvature, of which
// few are shown from the start.
func results(experiments []Experiment) (out []column, values [][]cell) {
	values = make([][]cell, len(experiments))
	add := func(c column, value func(e Experiment) cell) {
		out = append(out, c)
		for i, e := range experiments {
			values[i] = append(values[i], value(e))
		}
	}
	add(column{Path: trainlog.TrainLossMeaning, Label: "train loss"}, func(e Experiment) cell { return numeric(e.TrainLoss, 4) })
	if slices.ContainsFunc(experiments, func(e Experiment) bool { return e.TrainError != nil }) {
		add(column{Path: "share of the training examples classified wrongly", Label: trainErrorLabel}, func(e Experiment) cell { return numeric(e.TrainError, 2) })
	}
	tests := scores(experiments)
	if len(experiments) > 0 && !slices.ContainsFunc(experiments, func(e Experiment) bool { return !e.isUntested() }) {
		tests = nil
	} else {
		add(column{Path: "mean loss of the test set", Label: "test loss"}, func(e Experiment) cell { return numeric(e.TestLoss, 4) })
	}
	for _, score := range tests {
		add(column{Path: scorePath(score), Label: "test " + score.TestLabel()}, func(e Experiment) cell {
			if e.Score != score {
				return unknown
			}
			return numeric(e.TestError, 2)
		})
	}
	flat, first := measures(experiments), plane(experiments)
	for _, m := range flat {
		words, of := flatnessName(m[1]), ""
		about := surface.Meaning(m[1])
		if about == "" && words != m[1] {
			about = words
		}
		if flat[0][0] != flat[len(flat)-1][0] {
			of = " · " + m[0]
		}
		hidden := (m[0] != first || !slices.Contains([]string{"width0.5", "convex"}, m[1])) && !slices.Contains([]string{"worst_adaptive", "average"}, m[1])
		add(column{Path: m[0] + "." + m[1], About: about, Label: words + of, Hidden: hidden}, func(e Experiment) cell { return e.measure(m[0], m[1]) })
	}
	known := 0
	for _, kind := range curvatures {
		names := kind.names(experiments)
		for _, name := range names {
			of := ""
			if len(names) > 1 {
				of = " · " + name
			}
			for _, c := range kind.columns {
				add(column{Path: kind.path(c, name, experiments) + ", " + name, Label: c.label + of, Hidden: c.hidden || known > 0 && !c.only}, func(e Experiment) cell {
					for _, m := range e.Maps {
						if m.Name+"-"+m.Split == name && kind.of(m) {
							return rounded(c.value(m))
						}
					}
					return unknown
				})
			}
		}
		known += len(names)
	}
	return out, values
}

// trainErrorLabel heads the training errors of imported weights.
var trainErrorLabel = "train " + trainlog.Score("").TestLabel()

// isUntested says whether the weights are known and the data have no test set.
func (e Experiment) isUntested() bool {
	return e.TrainLoss != nil && e.TestLoss == nil && e.TestError == nil
}

// scores are those of the trainings in the order of their first use, without none.
func scores(experiments []Experiment) (out []trainlog.Score) {
	for _, e := range experiments {
		if e.Score != trainlog.NoScore && !slices.Contains(out, e.Score) {
			out = append(out, e.Score)
		}
	}
	return out
}

// scorePath says what a score is.
func scorePath(s trainlog.Score) string {
	switch s {
	case "":
		return "share of the test examples classified wrongly"
	case trainlog.Determination:
		return "coefficient of determination of the test set"
	}
	return s.Test() + " of the test set"
}

// measures are the names of maps and of what was measured of their flatness, in the order of their first use.
func measures(experiments []Experiment) (out [][2]string) {
	for _, e := range experiments {
		for _, f := range e.Flatness {
			for _, s := range f.Summary {
				if m := [2]string{f.Name, s.Name}; !slices.Contains(out, m) {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// plane is the first map whose flatness is that of a surface, or the first map.
func plane(experiments []Experiment) (name string) {
	for _, e := range experiments {
		for _, f := range e.Flatness {
			for _, s := range f.Summary {
				if s.Name == "area" && !math.IsNaN(s.Mean) {
					return f.Name
				}
			}
			name = cmp.Or(name, f.Name)
		}
	}
	return name
}

// measure is the cell of one measure of flatness of a map.
func (e Experiment) measure(name, what string) cell {
	for _, f := range e.Flatness {
		for _, s := range f.Summary {
			if f.Name == name && s.Name == what {
				return cell{Text: flatnessValue(s), Sort: sortable(s.Mean), Bounds: s.Bounds, value: s.Mean}
			}
		}
	}
	return unknown
}

// ByMeasure are the rows of the table of flatness: the values of all maps for each measure.
func (e experimentView) ByMeasure() []flatnessView {
	var rows []flatnessView
	for k, f := range e.Flatness {
		for i, name := range f.Names {
			r := slices.IndexFunc(rows, func(r flatnessView) bool { return r.Name == name })
			if r < 0 {
				r, rows = len(rows), append(rows, flatnessView{Name: name, Values: slices.Repeat([]string{"—"}, len(e.Flatness))})
			}
			rows[r].Values[k] = f.Values[i]
		}
	}
	return rows
}

// flatnessView are the measures of a map.
type flatnessView struct {
	Name          string
	Names, Values []string
}

// Rows are the measures with their values, one below the other.
func (v flatnessView) Rows() (out []Pair) {
	for i, name := range v.Names {
		out = append(out, Pair{name, v.Values[i]})
	}
	return out
}

func newFlatnessView(f Flatness) flatnessView {
	v := flatnessView{Name: f.Name}
	if f.Pairs > 1 {
		v.Name += fmt.Sprintf(" (%d draws)", f.Pairs)
	}
	for _, s := range f.Summary {
		v.Names, v.Values = append(v.Names, flatnessName(s.Name)), append(v.Values, flatnessValue(s))
	}
	return v
}

// flatnessValue is a mean with its deviation and its sampling error, if they are known, marked where it is a lower bound.
func flatnessValue(s surface.Summary) string {
	value := s.Measured().Mark(number(s.Mean))
	switch {
	case math.IsNaN(s.Mean):
		value = "—"
	case math.IsInf(s.Mean, 0):
		value = "not finite"
	}
	if !math.IsNaN(s.Deviation) {
		value += " ± " + number(s.Deviation)
	}
	if s.SE > 0 {
		value += errorOf(s)
	}
	return value
}

// markNotes explain what flatnessValue writes, by regular expressions that the page's script reads as well.
var markNotes = []Pair{
	{`\d ±`, "±: standard deviation over directions or subsets of the examples."},
	{`sampling ±`, "sampling ±: standard error due to the choice of examples."},
	{`>`, ">: lower bound, as the plotted range cuts off the measure."},
}

// marks are those of markNotes that occur in cells, hidden columns included.
func marks(values [][]cell) (out []Pair) {
	for _, m := range markNotes {
		occurs := regexp.MustCompile(m.Name).MatchString
		if slices.ContainsFunc(values, func(row []cell) bool { return slices.ContainsFunc(row, func(c cell) bool { return occurs(c.Text) }) }) {
			out = append(out, m)
		}
	}
	return out
}

// errorOf is the standard error of a measure: for most, what the choice of examples brings.
func errorOf(s surface.Summary) string {
	if strings.HasPrefix(s.Name, "average") || strings.Contains(s.Name, "trace") {
		return " (standard error " + number(s.SE) + ")"
	}
	return " (sampling ± " + number(s.SE) + ")"
}

// sharpnessNames are measures of sharpness and spectra in words.
var sharpnessNames = map[string]string{
	"worst": "largest rise in a ball", "worst_adaptive": "largest rise in a ball, adaptive", "box": "largest rise in a box (%)", "box_subspace": "largest rise in a box, random subspace (%)",
	"average": "mean rise", "average_adaptive": "mean rise, adaptive", "trace_over_norm": "trace / ‖w‖²", "trace_times_norm": "trace · ‖w‖²",
}

// eigenvalueNames are the ends of names of eigenvalues in words.
var eigenvalueNames = strings.NewReplacer("lambda_ratio5", "λ1/λ5", "lambda_max", "λmax", "lambda_min_", "λmin ", "lambda_min", "λmin", "lambda_", "λ", "subsets.", "subsets: ")

// flatnessName is a measure as tables name it: that of a line or surface by its key, width0.5, others in words.
func flatnessName(name string) string {
	if words, ok := sharpnessNames[name]; ok {
		return words
	}
	if name == "convex" {
		return "convex (%)"
	}
	return eigenvalueNames.Replace(name)
}

// numeric is the cell of a value with fixed decimals, and a dash for one that is not known.
func numeric(v *float64, decimals int) cell {
	if v == nil {
		return unknown
	}
	return cell{Text: measured(v, decimals), Sort: sortable(*v), value: *v}
}

// sortable writes a value for the page's script, infinities by the names that it knows.
func sortable(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// measured writes a value with fixed decimals, and a dash for one that is not known.
func measured(v *float64, decimals int) string {
	switch {
	case v == nil:
		return "—"
	case math.IsNaN(*v) || math.IsInf(*v, 0):
		return "not finite"
	case math.Abs(*v) >= 1e5:
		return number(*v)
	}
	return strings.ReplaceAll(fmt.Sprintf("%.*f", decimals, *v), "-", "−")
}

// number writes three digits, without an exponent where that reads better.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'g', 3, 64)
	if a := math.Abs(v); a >= 1e-3 && a < 1e6 {
		if r, err := strconv.ParseFloat(s, 64); err == nil {
			s = strconv.FormatFloat(r, 'f', -1, 64)
		}
	}
	s = strings.NewReplacer("e+0", "e", "e+", "e", "e-0", "e-").Replace(s)
	return strings.ReplaceAll(s, "-", "−")
}
