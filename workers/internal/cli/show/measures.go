package show

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/table"
)

// measured is a number of one experiment, or of the repetitions of one.
type measured struct {
	Experiment string          `json:"experiment"`
	Measure    surface.Summary `json:"measure"`
}

// measuredOf are all numbers of the rows, of repetitions their means: a list for each measure, in the order of the columns. Measures of one map follow each other.
func measuredOf(rows []results.Experiment) (columns []string, out [][]measured) {
	groups := results.Means(rows)
	for _, g := range groups {
		columns = append(columns, g.Name)
	}
	if groups == nil {
		for _, r := range rows {
			columns = append(columns, r.Name)
		}
	}
	for i, m := range results.Measures(rows) {
		if strings.HasSuffix(m.Name, results.Residual) {
			continue
		}
		var list []measured
		for c, name := range columns {
			var s surface.Summary
			if groups == nil {
				s, _ = m.Of(rows[c])
			} else {
				s = groups[c].Measures[i]
			}
			s.Name = m.Name
			list = append(list, measured{name, s})
		}
		out = append(out, list)
	}
	ofMap := func(list []measured) string { of, _, _ := strings.Cut(list[0].Measure.Name, "."); return of }
	first := map[string]int{}
	for i, list := range out {
		if _, ok := first[ofMap(list)]; !ok {
			first[ofMap(list)] = i
		}
	}
	slices.SortStableFunc(out, func(a, b []measured) int { return first[ofMap(a)] - first[ofMap(b)] })
	return columns, out
}

// printMeasures writes all numbers with their spreads, those of one measure in a row: the table of `show --measures`. csv and json have a row for
// each number.
func printMeasures(a *app.App, o showOptions, rows []results.Experiment) error {
	columns, all := measuredOf(rows)
	a.Settings.Output = o.format
	return app.PrintList(a, slices.Concat(all...), func() error {
		if o.format == "csv" {
			return measureList(all).CSV(a.Out)
		}
		if err := measureTable(columns, all).Write(a.Out, o.format); err != nil || o.format != "text" {
			return err
		}
		fmt.Fprintln(a.Out)
		for _, text := range []string{
			"±: standard deviation over repetitions, or else over directions (both axes of each pair) or subsets of images",
			"se: standard error, of sampled images, perturbations or random vectors · >: lower bound",
		} {
			fmt.Fprint(a.Out, table.Paragraph(a.Out, "", "  ", text))
		}
		return nil
	})
}

// measureTable has a row for each measure, and a column for each experiment.
func measureTable(columns []string, all [][]measured) *table.Table {
	t := &table.Table{Header: append([]string{"measure"}, columns...), Fold: true}
	for _, list := range all {
		cells := []string{withUnit(list[0].Measure.Name)}
		for _, m := range list {
			cells = append(cells, spreadCell(m.Measure))
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// spreadCell is a number with its deviation, or else its standard error, where they are known.
func spreadCell(s surface.Summary) string {
	cell := meanCell(s, s.Count)
	if math.IsNaN(s.Deviation) && s.SE > 0 {
		cell += fmt.Sprintf(" (se %s)", digits(s.SE, 2))
	}
	return cell
}

// measureList has a row for each number that is known.
func measureList(all [][]measured) *table.Table {
	t := &table.Table{Header: []string{"experiment", "measure", "mean", "sd", "se", "count", "bounds"}}
	for _, m := range slices.Concat(all...) {
		s, se := m.Measure, ""
		if s.SE > 0 {
			se = exact(s.SE)
		}
		if s.Count > 0 {
			t.Rows = append(t.Rows, []string{m.Experiment, s.Name, exact(s.Mean), exact(s.Deviation), se, strconv.Itoa(s.Count), strconv.Itoa(s.Bounds)})
		}
	}
	return t
}
