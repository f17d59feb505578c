package show

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/table"
)

// printMeans writes the means over repetitions alone: the table of `show --means`.
func printMeans(a *app.App, o showOptions, sweep string, rows []results.Experiment) error {
	groups := results.Means(rows)
	if len(groups) == 0 {
		return exit.Usagef("--means: sweep %s has no repetitions; add `repeats: 3` to its file and run it again", sweep)
	}
	a.Settings.Output = o.format
	return app.PrintList(a, groups, func() error {
		if o.format == "csv" {
			return wholeMeans(groups, rows).CSV(a.Out)
		}
		return brief(meansTable(groups, rows, readable)).Write(a.Out, o.format)
	})
}

// meansTable is the table of means for people: mean ± standard deviation, and
// behind it how many repetitions have the number where not all do.
func meansTable(groups []results.Group, rows []results.Experiment, show detail) *table.Table {
	measures := results.Measures(rows)
	t := &table.Table{Header: []string{"group", "n"}, Right: map[int]bool{1: true}}
	for _, m := range measures {
		if show.shows(m) {
			t.Right[len(t.Header)] = true
			t.Header = append(t.Header, m.Name)
		}
	}
	t.Header = append(t.Header, "state")
	for _, g := range groups {
		cells := []string{g.Name, strconv.Itoa(g.Repetitions)}
		for i, m := range measures {
			if show.shows(m) {
				cells = append(cells, meanCell(g.Measures[i], g.Repetitions))
			}
		}
		t.Rows = append(t.Rows, append(cells, states(g)))
	}
	return t
}

// wholeMeans is the table of means for programs: each number in a column of its own.
func wholeMeans(groups []results.Group, rows []results.Experiment) *table.Table {
	params := slices.DeleteFunc(results.Params(rows), func(p string) bool {
		return !slices.ContainsFunc(groups, func(g results.Group) bool { _, ok := g.Params[p]; return ok })
	})
	measures := results.Measures(rows)
	t := &table.Table{Header: slices.Concat([]string{"group"}, params, []string{"n"}, overStates, []string{"unfinished"})}
	for _, m := range measures {
		t.Header = append(t.Header, m.Name, m.Name+".sd", m.Name+".n")
		if m.Flatness {
			t.Header = append(t.Header, m.Name+".bounds")
		}
		if m.Sampled {
			t.Header = append(t.Header, m.Name+".se")
		}
	}
	for _, g := range groups {
		cells := []string{g.Name}
		for _, p := range params {
			cells = append(cells, bare(g.Params[p], value(g.Params[p])))
		}
		cells = append(cells, strconv.Itoa(g.Repetitions))
		unfinished := g.Repetitions
		for _, state := range overStates {
			cells = append(cells, strconv.Itoa(g.States[state]))
			unfinished -= g.States[state]
		}
		cells = append(cells, strconv.Itoa(unfinished))
		for i, m := range g.Measures {
			cells = append(cells, exact(m.Mean), exact(m.Deviation), strconv.Itoa(m.Count))
			if measures[i].Flatness {
				cells = append(cells, strconv.Itoa(m.Bounds))
			}
			if measures[i].Sampled {
				cells = append(cells, digits(m.SE, 6))
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// overStates are the states of experiments that are over.
var overStates = []string{artifacts.StateDone, artifacts.StateDiverged, artifacts.StateFailed}

// states says what became of the repetitions: "done", or how many of them are what.
func states(g results.Group) string {
	if len(g.States) == 1 {
		return slices.Collect(maps.Keys(g.States))[0]
	}
	var parts []string
	for _, state := range append(overStates[:len(overStates):len(overStates)], artifacts.StateInterrupted, artifacts.StateNotRun, artifacts.StateRunning, artifacts.StateWaiting) {
		if n := g.States[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return strings.Join(parts, ", ")
}

// meanCell writes a mean with its deviation, and of how many it is where that is not of all.
func meanCell(m surface.Summary, of int) string {
	if m.Count == 0 {
		return "-"
	}
	cell := m.String()
	if m.Count != of {
		cell += fmt.Sprintf(" (%d)", m.Count)
	}
	return cell
}

// digits writes a number with so many significant digits, or "-".
func digits(v float64, n int) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strings.TrimPrefix(strconv.FormatFloat(v, 'g', n, 64), "+")
}
