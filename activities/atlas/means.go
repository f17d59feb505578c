package atlas

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"lossatlas/activities/surface"
)

// meanView is a row of the table of means over repetitions.
type meanView struct {
	Name, Count string
	Values      []meanCell // of the columns of what came out
}

// meanCell is a mean as it is shown, and of what it is where that has to be said.
type meanCell struct{ Text, Of string }

// means takes the repetitions of each experiment together, in the order of the
// table whose columns and values these are. It leaves out columns that are hidden
// and those of which nothing is known.
func means(experiments []Experiment, columns []column, values [][]cell) (shown []column, rows []meanView) {
	members := map[string][]int{}
	for i, e := range experiments {
		if e.Group == "" {
			continue
		}
		if members[e.Group] == nil {
			rows = append(rows, meanView{Name: e.Group})
		}
		members[e.Group] = append(members[e.Group], i)
	}
	for r := range rows {
		rows[r].Count = trained(experiments, members[rows[r].Name])
	}
	for k, c := range columns {
		cells, known := make([]meanCell, len(rows)), false
		for r := range rows {
			var of []surface.Measured
			for _, i := range members[rows[r].Name] {
				if experiments[i].sound() {
					of = append(of, values[i][k].measured())
				}
			}
			cells[r] = meanOf(of, len(members[rows[r].Name]))
			known = known || cells[r] != unknownMean
		}
		if c.Hidden || !known {
			continue
		}
		shown = append(shown, c)
		for r := range rows {
			rows[r].Values = append(rows[r].Values, cells[r])
		}
	}
	return shown, rows
}

// trained says how many of the members are sound: "5", or "3 of 5".
func trained(experiments []Experiment, members []int) string {
	n := 0
	for _, i := range members {
		if experiments[i].sound() {
			n++
		}
	}
	if n < len(members) {
		return fmt.Sprintf("%d of %d", n, len(members))
	}
	return strconv.Itoa(n)
}

var unknownMean = meanCell{Text: "—"}

// sound says that a training produced weights with a finite loss, as [trainlog.Log.Sound]: only then its numbers count in means.
func (e Experiment) sound() bool {
	return e.TrainLoss != nil && !math.IsNaN(*e.TrainLoss) && !math.IsInf(*e.TrainLoss, 0)
}

// meanOf is the mean of those values that are known, of so many repetitions.
func meanOf(values []surface.Measured, repetitions int) meanCell {
	s := surface.NewSummary("", values)
	if s.Count == 0 {
		return unknownMean
	}
	out := meanCell{Text: strings.ReplaceAll(s.String(), "-", "−")}
	if s.Count < repetitions {
		out.Of = fmt.Sprintf("of %d", s.Count)
	}
	return out
}
