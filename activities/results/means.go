package results

import (
	"reflect"
	"slices"

	"lossatlas/activities/surface"
)

// Group is the results of the repetitions of one experiment, taken together.
type Group struct {
	Name string `json:"group"`
	// Params are the swept parameters that all repetitions share.
	Params      map[string]any `json:"params"`
	Repetitions int            `json:"repetitions"`
	// States counts the repetitions by their state.
	States map[string]int `json:"states"`
	// Measures are the mean and the sample's standard deviation of each number over
	// the repetitions that have one. Count is how many those are: repetitions that diverged, failed, ended
	// with a loss that is not finite or are not finished are excluded. A mean over lower bounds is one, without a deviation.
	Measures []surface.Summary `json:"measures"`
}

// Means takes the repetitions of each experiment together, in the order of the
// rows. A sweep without repetitions has no group.
func Means(rows []Experiment) []Group {
	measures := Measures(rows)
	var order []string
	members := map[string][]Experiment{}
	for _, r := range rows {
		if r.Group == "" {
			continue
		}
		if members[r.Group] == nil {
			order = append(order, r.Group)
		}
		members[r.Group] = append(members[r.Group], r)
	}
	var out []Group
	for _, name := range order {
		g := Group{Name: name, Params: sharedParams(members[name]), Repetitions: len(members[name]), States: map[string]int{}}
		for _, r := range members[name] {
			g.States[r.State]++
		}
		for _, m := range measures {
			g.Measures = append(g.Measures, meanOf(m, members[name]))
		}
		out = append(out, g)
	}
	return out
}

// meanOf is the mean of one measure. Of flatness it is the mean of what each
// repetition has as its own mean over pairs of directions.
func meanOf(m Measure, rows []Experiment) surface.Summary {
	var values []surface.Measured
	for _, r := range rows {
		if s, ok := m.Of(r); ok && r.Sound() {
			values = append(values, s.Measured())
		}
	}
	return surface.NewSummary(m.Name, values)
}

// sharedParams are the parameters that are the same in all rows.
func sharedParams(rows []Experiment) map[string]any {
	out := map[string]any{}
	for path, v := range rows[0].Params {
		if !slices.ContainsFunc(rows, func(r Experiment) bool { return !reflect.DeepEqual(r.Params[path], v) }) {
			out[path] = v
		}
	}
	return out
}
