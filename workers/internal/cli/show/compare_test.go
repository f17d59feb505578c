package show

import (
	"bytes"
	"strings"
	"testing"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
)

// TestCompareMarksBounds: in a table for people a lower bound is marked, in csv it is counted.
func TestCompareMarksBounds(t *testing.T) {
	c := compared{A: "a", B: "b", Pairs: []comparedPair{{A: "a/x", B: "b/x", Results: []results.ResultDifference{{Name: "line.width1", A: num(2), B: num(2.5), BoundsA: 3}}}}}
	for format, want := range map[string]string{"md": "| line.width1 | >2 | 2.5 | - |\n", "csv": "a/x,b/x,result,line.width1,2,2.5,,3,0\n"} {
		var out bytes.Buffer
		if err := c.print(&app.App{Program: app.Program{Out: &out}}, format); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("as %s there is no row %s in\n%s", format, want, out.String())
		}
	}
}

// TestCompareMerges: parameters and steps that differ in the same way in each pair have one row.
func TestCompareMerges(t *testing.T) {
	batches := func(path ...string) (out []artifacts.Difference) {
		for _, name := range []string{"batch_size", "bn_group"} {
			out = append(out, artifacts.Difference{Path: path, What: artifacts.What{Aspect: artifacts.AspectParameter, Name: name}, ValueA: "16", ValueB: "32"})
		}
		return out
	}
	pair := func(name string, own ...results.ParamDifference) comparedPair {
		return comparedPair{A: "a/" + name, B: "b/" + name, Parameters: append(own, results.ParamDifference{Name: "train.epochs", A: 1, B: 2}),
			Steps: []results.StepRelation{
				{Name: "train", Relation: results.StepOther, Differences: batches()}, {Name: "line", Relation: results.StepOther, Differences: batches("grid-0", "weights")}, {Name: "training", Kind: pipelines.KindRender, Relation: results.StepOther}}}
	}
	c := compared{A: "a", B: "b", Pairs: []comparedPair{pair("x"), pair("y", results.ParamDifference{Name: "train.seed", A: 3, B: 4})}}
	var out bytes.Buffer
	if err := c.print(&app.App{Program: app.Program{Out: &out}}, "text"); err != nil {
		t.Fatal(err)
	}
	const want = `A: a
B: b
2 pairs compared; 4 steps with different outputs (pictures not counted)

experiment  parameter     A  B
(each)      train.epochs  1  2
y           train.seed    3  4

the same in each pair:
step         relation           why
train, line  different outputs  parameter batch_size (and bn_group, whose default follows it): 16 and 32
`
	if out.String() != want {
		t.Error(out.String())
	}
}
