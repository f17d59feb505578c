package show

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
)

// TestMeansTables: what a mean leaves out is shown, in text and in csv.
func TestMeansTables(t *testing.T) {
	row := func(group, state string, seed, loss float64) results.Experiment {
		r := results.Experiment{Name: group, Group: group, State: state, Params: map[string]any{"train.net": group, "train.seed": seed}}
		if state == "done" {
			r.TrainLoss, r.TestLoss, r.TestError = num(loss), num(2*loss), num(10*loss)
			r.Flatness = map[string][]surface.Summary{"line-test": {{Name: "width0.5", Mean: loss, Count: 1, Bounds: int(seed) % 2}, {Name: "width1", Mean: loss, Count: 1}}}
		}
		return r
	}
	rows := []results.Experiment{row("a", "done", 1, 1), row("a", "done", 2, 2), row("b", "done", 1, 0.5), row("b", "diverged", 2, 0), row("b", "running", 3, 0), row("c", "failed", 1, 0), row("c", "failed", 2, 0)}
	groups := results.Means(rows)
	var text, short, csv bytes.Buffer
	for _, err := range []error{meansTable(groups, rows, readable).Text(&text), meansTable(groups, rows, summary).Text(&short), wholeMeans(groups, rows).CSV(&csv)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, got, want string }{
		{"text", text.String(), `group  n   train_loss  test_loss  test_error  line-test.width0.5  state
a      2  1.50 ± 0.71  3.0 ± 1.4  15.0 ± 7.1                >1.5  done
b      3      0.5 (1)      1 (1)       5 (1)            >0.5 (1)  1 done, 1 diverged, 1 running
c      2            -          -           -                   -  failed
`},
		{"short", short.String(), `group  n   train_loss  test_loss  test_error  state
a      2  1.50 ± 0.71  3.0 ± 1.4  15.0 ± 7.1  done
b      3      0.5 (1)      1 (1)       5 (1)  1 done, 1 diverged, 1 running
c      2            -          -           -  failed
`},
		{"csv", csv.String(), `group,train.net,n,done,diverged,failed,unfinished,train_loss,train_loss.sd,train_loss.n,test_loss,test_loss.sd,test_loss.n,test_error,test_error.sd,test_error.n,` +
			`line-test.width0.5,line-test.width0.5.sd,line-test.width0.5.n,line-test.width0.5.bounds,line-test.width1,line-test.width1.sd,line-test.width1.n,line-test.width1.bounds
a,a,2,2,0,0,0,1.5,0.7071067811865476,2,3,1.4142135623730951,2,15,7.0710678118654755,2,1.5,,2,1,1.5,0.7071067811865476,2,0
b,b,3,1,1,0,1,0.5,,1,1,,1,5,,1,0.5,,1,1,0.5,,1,0
c,c,2,0,0,2,0,,,0,,,0,,,0,,,0,0,,,0,0
`},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestMeasureTables: every number stands in one table with its spread, also without repetitions.
func TestMeasureTables(t *testing.T) {
	row := func(name, group string, trace float64) results.Experiment {
		nan := math.NaN()
		return results.Experiment{Name: name, Group: group, State: "done", TrainLoss: num(trace / 10),
			Flatness: map[string][]surface.Summary{
				"line-test":       {{Name: "width0.5", Mean: 2, Deviation: nan, Count: 2, Bounds: 2}, {Name: "convex", Mean: 80, Deviation: 7.5, Count: 2}},
				"spectrum":        {{Name: "trace", Mean: trace, Deviation: nan, Count: 1, SE: 0.25}, {Name: "lambda_2", Mean: 0.5, Deviation: nan, Count: 1}},
				"sharpness-train": {{Name: "worst", Mean: trace, Deviation: nan, Count: 1, SE: 0.125}}}}
	}
	alone, repeated := []results.Experiment{row("a", "", 1), row("b", "", 3)}, []results.Experiment{row("x1", "x", 1), row("x2", "x", 3)}
	for _, c := range []struct {
		rows []results.Experiment
		form string
		want string
	}{
		{alone, "text", `measure                a               b
train_loss             0.1             0.3
test_loss              -               -
test_error %           -               -
line-test.width0.5     >2              >2
line-test.convex %     80.0 ± 7.5      80.0 ± 7.5
sharpness-train.worst  1 (se 0.12)     3 (se 0.12)
spectrum.trace         1 (se 0.25)     3 (se 0.25)
spectrum.lambda_2      0.5             0.5
`},
		{repeated, "text", `measure                x
train_loss             0.20 ± 0.14
test_loss              -
test_error %           -
line-test.width0.5     >2
line-test.convex %     80 ± 0
sharpness-train.worst  2.0 ± 1.4
spectrum.trace         2.0 ± 1.4
spectrum.lambda_2      0.5 ± 0
`},
		{alone[:1], "csv", `experiment,measure,mean,sd,se,count,bounds
a,train_loss,0.1,,,1,0
a,line-test.width0.5,2,,,2,2
a,line-test.convex,80,7.5,,2,0
a,sharpness-train.worst,1,,0.125,1,0
a,spectrum.trace,1,,0.25,1,0
a,spectrum.lambda_2,0.5,,,1,0
`},
	} {
		var out bytes.Buffer
		columns, all := measuredOf(c.rows)
		made := measureTable(columns, all)
		if c.form == "csv" {
			made = measureList(all)
		}
		if err := made.Write(&out, c.form); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Join(strings.Fields(c.want), " "), strings.Join(strings.Fields(out.String()), " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.form, diff)
		}
	}
}

// TestComparisonTable: pairs of many minimizers are rows of their own, next to other comparisons.
func TestComparisonTable(t *testing.T) {
	barriers := func(height float64) map[string]surface.Barrier {
		return map[string]surface.Barrier{"train": {Height: surface.Measured{Value: height}}}
	}
	compared := []results.Comparison{
		{Name: "line", State: "done", Between: []string{"x", "y"}, Barriers: barriers(0.123456)},
		{Name: "many", State: "not run", Why: "y/train failed", Between: []string{"x", "y", "z"}, Pairs: []results.ComparedPair{
			{Between: [2]string{"x", "z"}, Distance: 7.123456, Barriers: barriers(0.5)}, {Between: [2]string{"y", "z"}, Distance: 8, Barriers: map[string]surface.Barrier{}}}},
	}
	var text, csv bytes.Buffer
	for _, err := range []error{comparisonTable(compared, false).Text(&text), comparisonTable(compared, true).CSV(&csv)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ got, want string }{
		{text.String(), `comparison  between     state    train_barrier  distance  why
line        x and y     done            0.1235         -  -
many        x, y and z  not run              -         -  y/train failed
many        x and z     done               0.5     7.123  -
many        y and z     not run              -         8  y/train failed
`},
		{csv.String(), `comparison,between,state,train_barrier,distance,why
line,x and y,done,0.123456,,
many,"x, y and z",not run,,,y/train failed
many,x and z,done,0.5,7.123456,
many,y and z,not run,,8,y/train failed
`},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("comparisons (-want +got):\n%s", diff)
		}
	}
}
