package show

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/table"
)

// column is one column of a table of experiments.
type column struct {
	name  string
	right bool // of numbers
	// value is a float64, a text, or nil where an experiment has none.
	value func(results.Experiment) any
	// text is the value as a table has it, for people or for programs.
	text func(results.Experiment) string
	// flat is the measure of flatness whose mean this is, "" for other columns.
	flat string
}

// detail is how much a table of experiments says.
type detail int

const (
	summary    detail = iota // without parameters, which the experiments' names tell, and flatness
	readable                 // the most telling measures of flatness
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
			if s, ok := r.Flat(c.flat); ok && people {
				cells[i] = s.Measured().Mark(cells[i])
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// columnsOf are the columns of a table that nobody chose columns for.
func columnsOf(rows []results.Experiment, show detail) []column {
	out := []column{{name: colExperiment, value: func(r results.Experiment) any { return r.Name }, text: func(r results.Experiment) string { return r.Name }}}
	if show > summary {
		for _, p := range results.Params(rows) {
			out = append(out, paramColumn(p, func(r results.Experiment) any { return r.Params[p] }))
		}
	}
	out = append(out,
		resultColumn(colTrainLoss, 4, func(r results.Experiment) *float64 { return r.TrainLoss }),
		resultColumn(colTestLoss, 4, func(r results.Experiment) *float64 { return r.TestLoss }),
		resultColumn(colTestError, 2, func(r results.Experiment) *float64 { return r.TestError }))
	for _, m := range results.Measures(rows) {
		out = append(out, measureColumn(m))
	}
	if show > summary {
		for _, f := range results.Flatness(rows, show == readable) {
			out = append(out, flatnessColumns(f, show)...)
		}
	}
	return append(out, column{name: colState, value: func(r results.Experiment) any { return r.State }, text: outcome})
}

// paramColumn is a column of what came out of JSON.
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

// resultColumn is a column of losses or errors with so many decimals.
func resultColumn(name string, decimals int, of func(results.Experiment) *float64) column {
	return column{name: name, right: true, value: func(r results.Experiment) any {
		if v := of(r); v != nil {
			return *v
		}
		return nil
	}, text: func(r results.Experiment) string { return number(of(r), decimals) }}
}

func measureColumn(name string) column {
	return column{name: name, right: true, value: func(r results.Experiment) any {
		if v, ok := r.Measures[name]; ok {
			return v
		}
		return nil
	}, text: func(r results.Experiment) string { return measure(r, name) }}
}

// flatnessColumns are a measure of flatness: its mean, and where everything is
// shown its deviation and how many values are lower bounds.
func flatnessColumns(name string, show detail) []column {
	precision := 6
	if show != everything {
		precision = 4
	}
	var out []column
	for i, end := range []string{"", ".sd", ".bounds"} {
		of := func(r results.Experiment) float64 {
			if s, ok := r.Flat(name); ok {
				return []float64{s.Mean, s.Deviation, float64(s.Bounds)}[i]
			}
			return math.NaN()
		}
		out = append(out, column{name: name + end, right: true, value: func(r results.Experiment) any {
			if v := of(r); !math.IsNaN(v) {
				return v
			}
			return nil
		}, text: func(r results.Experiment) string { return digits(of(r), precision) }})
	}
	if out[0].flat = name; show != everything {
		return out[:1]
	}
	return out
}

// withBounds puts behind each mean of flatness how many of its values are lower bounds, where that is not among the columns.
func withBounds(columns []column) []column {
	var out []column
	names := namesOf(columns)
	for _, c := range columns {
		if out = append(out, c); c.flat != "" && !slices.Contains(names, c.flat+".bounds") {
			out = append(out, flatnessColumns(c.flat, everything)[2])
		}
	}
	return out
}

// outcome is the state of an experiment, with where it diverged.
func outcome(r results.Experiment) string {
	if r.State == artifacts.StateDiverged {
		return r.Diverged.Short()
	}
	return r.State
}

// measure writes a measure with four significant digits, or "-".
func measure(r results.Experiment, name string) string {
	v, ok := r.Measures[name]
	if !ok {
		return "-"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// number writes a result, or "-" for one that is not known.
func number(v *float64, digits int) string {
	if v == nil {
		return "-"
	}
	if math.Abs(*v) >= 1e4 { // of a training that went astray
		return strconv.FormatFloat(*v, 'g', 4, 64)
	}
	return strconv.FormatFloat(*v, 'f', digits, 64)
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
	return fmt.Sprint(v)
}
