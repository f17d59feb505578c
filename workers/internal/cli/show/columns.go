package show

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/table"
)

// column is one column of a table of experiments.
type column struct {
	name  string
	right bool // of numbers
	// value is a float64, a text, or nil where an experiment has no value.
	value func(results.Experiment) any
	// text is the value in a table, for people or for programs.
	text func(results.Experiment) string
	// measure is the one whose mean this is, zero for other columns.
	measure results.Measure
}

// detail is how much a table of experiments says.
type detail int

const (
	summary    detail = iota // without flatness, and without parameters, which are in the experiments' names
	readable                 // with a few measures of flatness
	everything               // all of them, with deviations and how many values are lower bounds
)

// resultTable is the table of experiments.
func resultTable(rows []results.Experiment, show detail) *table.Table {
	return tableOf(rows, columnsOf(rows, show), show != everything)
}

// tableOf is the table of columns. In one for people lower bounds are marked; programs read numbers, and
// from the column of their name with .bounds behind it which ones are lower bounds.
func tableOf(rows []results.Experiment, columns []column, people bool) *table.Table {
	t := &table.Table{Right: map[int]bool{}}
	for i, c := range columns {
		t.Header = append(t.Header, c.name)
		t.Right[i] = c.right
	}
	for _, r := range rows {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = c.text(r)
			if !people {
				cells[i] = bare(c.value(r), cells[i])
			}
			if s, ok := c.measure.Of(r); ok && people {
				cells[i] = s.Measured().Mark(cells[i])
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// bare is a cell for programs: nothing for a missing value, all digits of a number, and else the text.
func bare(v any, text string) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return exact(v)
	}
	return text
}

// exact writes all digits of a number; nothing for NaN.
func exact(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+")
}

// shows says whether a table has a measure.
func (d detail) shows(m results.Measure) bool {
	return d == everything || m.Brief && (d == readable || !m.Flatness)
}

// columnsOf are the columns of a table without --columns.
func columnsOf(rows []results.Experiment, show detail) []column {
	name := func(r results.Experiment) string { return r.Name }
	out := []column{{name: "experiment", value: func(r results.Experiment) any { return r.Name }, text: name},
		{name: "state", value: func(r results.Experiment) any { return r.State }, text: outcome}}
	if show > summary {
		for _, p := range results.Params(rows) {
			out = append(out, paramColumn(p, func(r results.Experiment) any { return r.Params[p] }))
		}
	}
	for _, m := range results.Measures(rows) {
		if show.shows(m) && (show == everything || !isUntested(rows, m)) {
			out = append(out, measureColumns(m, show)...)
		}
	}
	return out
}

// isUntested says whether a column of the test set is empty because the data have none.
func isUntested(rows []results.Experiment, m results.Measure) bool {
	trained := slices.ContainsFunc(rows, func(r results.Experiment) bool { return r.TrainLoss != nil })
	return trained && strings.HasPrefix(m.Name, "test_") && !slices.ContainsFunc(rows, func(r results.Experiment) bool {
		_, ok := m.Of(r)
		return ok
	})
}

// paramColumn is a column of values from JSON.
func paramColumn(name string, of func(results.Experiment) any) column {
	return column{name: name, right: true, value: func(r results.Experiment) any {
		switch v := of(r).(type) {
		case nil, float64, bool:
			return v
		default:
			return value(v)
		}
	}, text: func(r results.Experiment) string { return value(of(r)) }}
}

// measureColumns are a measure, and of flatness in full also its deviation, how many values are lower bounds, and the standard error that the choice of examples brings.
func measureColumns(m results.Measure, show detail) []column {
	newColumn := func(end string, of func(surface.Summary) float64) column {
		number := func(r results.Experiment) float64 {
			if s, ok := m.Of(r); ok {
				return of(s)
			}
			return math.NaN()
		}
		return column{name: m.Name + end, right: true, value: func(r results.Experiment) any {
			if v := number(r); !math.IsNaN(v) {
				return v
			}
			return nil
		}, text: func(r results.Experiment) string { return numberText(number(r), m, show) }}
	}
	mean := newColumn("", func(s surface.Summary) float64 { return s.Mean })
	mean.measure = m
	if number := mean.text; show != everything {
		mean.text = func(r results.Experiment) string {
			if residual, ok := r.Measures[m.Name+results.Residual]; ok {
				return number(r) + " ± " + digits(residual, 1)
			}
			if s, ok := m.Of(r); ok && s.SE > 0 && strings.HasSuffix(m.Name, ".trace") {
				return surface.PlusMinus(s.Mean, s.SE)
			}
			return number(r)
		}
	}
	if !m.Flatness || show != everything {
		return []column{mean}
	}
	all := []column{mean,
		newColumn(".sd", func(s surface.Summary) float64 { return s.Deviation }),
		newColumn(".bounds", func(s surface.Summary) float64 { return float64(s.Bounds) })}
	if m.Sampled {
		all = append(all, newColumn(".se", func(s surface.Summary) float64 {
			if s.SE == 0 {
				return math.NaN()
			}
			return s.SE
		}))
	}
	return all
}

// withBounds puts behind each mean of flatness how many of its values are lower bounds, where that is not among the columns.
func withBounds(columns []column) []column {
	var out []column
	names := namesOf(columns)
	for _, c := range columns {
		if out = append(out, c); c.measure.Flatness && !slices.Contains(names, c.name+".bounds") {
			out = append(out, measureColumns(c.measure, everything)[2])
		}
	}
	return out
}

// outcome is the state of an experiment, with where it diverged or stopped early.
func outcome(r results.Experiment) string {
	if r.State == artifacts.StateDiverged {
		return r.Diverged.Short()
	}
	out := r.State
	if r.Stopped != nil {
		out += ", " + r.Stopped.Short()
	}
	if r.Restored > 0 {
		out += fmt.Sprintf(", weights of epoch %d", r.Restored)
	}
	return out
}

// numberText writes a number of a measure, or "-" for NaN. A loss of a training that diverges has significant digits, too.
func numberText(v float64, m results.Measure, show detail) string {
	switch {
	case m.Decimals > 0 && math.Abs(v) < 1e4:
		return strconv.FormatFloat(v, 'f', m.Decimals, 64)
	case m.Flatness && show == everything:
		return digits(v, 6)
	}
	return digits(v, 4)
}

// value writes a parameter, which came out of JSON.
func value(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 { // a count
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return results.ParamText(v)
}
