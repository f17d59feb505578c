package compare

// mostCurves is how many experiments one frame shows as curves. More of them are drawn as rows of colors.
const mostCurves = 8

// series is the data of an experiment in a figure, or of its repetitions together.
type series struct {
	name string
	of   []int // the experiments
}

// seriesOf takes the repetitions of n experiments together.
func seriesOf(n int, names func(i int) (name, group string)) []series {
	var out []series
	at := map[string]int{}
	for i := range n {
		name, group := names(i)
		k, known := at[group]
		switch {
		case group == "":
			out = append(out, series{name, []int{i}})
		case known:
			out[k].of = append(out[k].of, i)
		default:
			at[group] = len(out)
			out = append(out, series{group, []int{i}})
		}
	}
	return out
}
