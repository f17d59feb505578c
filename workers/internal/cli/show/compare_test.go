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

// TestCompareAgreement: results that are written alike on both sides are said to agree.
func TestCompareAgreement(t *testing.T) {
	for _, c := range []struct {
		b    float64
		want bool
	}{{2.0000001, true}, {2.001, false}} {
		text := compared{Pairs: []comparedPair{{Results: []results.ResultDifference{{Name: "train_loss", A: num(2), B: &c.b}}}}}.summary()
		if strings.Contains(text, "all results agree to five digits") != c.want {
			t.Errorf("2 and %v: %s", c.b, text)
		}
	}
}

// TestCompareOfUnlikeSweeps: where no experiments belong together, the summary has a command that compares two of them.
func TestCompareOfUnlikeSweeps(t *testing.T) {
	text := compared{A: "mine", B: "model", OnlyA: []string{"mine/plain", "mine/residual"}, OnlyB: []string{"model/model"}}.summary()
	if !strings.Contains(text, "`lossatlas compare mine/plain model/model`") {
		t.Error(text)
	}
}

// TestCompareNamesFiles: files that differ are called by their names, and by their digests where the names are equal.
func TestCompareNamesFiles(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"m1.pt2", "m2.pt2", "parameter  A       B\ntrain.net  m1.pt2  m2.pt2\n"},
		{"m.pt2", "m.pt2", "parameter  A          B\ntrain.net  sha256:aa  sha256:bb\n"},
	} {
		weights := artifacts.Difference{What: artifacts.What{Aspect: artifacts.AspectParameter, Name: "weights"}, ValueA: "sha256:aa", ValueB: "sha256:bb"}
		steps := []results.StepRelation{{Name: "import", Kind: pipelines.KindImport, Relation: results.StepOther, Differences: []artifacts.Difference{weights}}}
		weights.Path = []string{"weights"}
		steps = append(steps, results.StepRelation{Name: "line", Kind: pipelines.KindLine, Relation: results.StepOther, Differences: []artifacts.Difference{weights}})
		pair := comparedPair{A: "a/x", B: "b/x", Parameters: []results.ParamDifference{{Name: "import.import", A: "sha256:aa", B: "sha256:bb"}}, Steps: steps,
			files: [2]map[string]string{{"sha256:aa": c.a}, {"sha256:bb": c.b}}, weights: "train.net"}
		var out bytes.Buffer
		if err := (compared{A: "a", B: "b", Pairs: []comparedPair{pair}}).print(&app.App{Program: app.Program{Out: &out}}, "text"); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), c.want) || !strings.Contains(out.String(), "\nimport, line ") {
			t.Error(out.String())
		}
	}
}

// TestCompareInWords: parameters of steps have the words of the sweep file, without those that follow from others, and equal results are counted.
func TestCompareInWords(t *testing.T) {
	param := func(name string, a, b any) results.ParamDifference {
		return results.ParamDifference{Name: name, A: a, B: b}
	}
	result := func(name string, a, b float64) results.ResultDifference {
		return results.ResultDifference{Name: name, A: &a, B: &b, Difference: num(b - a)}
	}
	pair := comparedPair{A: "a/x", B: "b/x",
		Parameters: []results.ParamDifference{
			param("data.parts", 13.0, 17.0), param("surface-train.fit.margin", nil, 0.0), param("surface-train.fit.x", nil, true), param("surface-train.fit.y", nil, true),
			param("surface-train.x.max", 1.0, 0.0), param("surface-train.y.max", 1.0, 0.0)},
		Results: []results.ResultDifference{result("train_loss", 2, 2), result("test_loss", 2, 2.5), result("test_error", 10, 10)},
		Steps:   []results.StepRelation{{Name: "data", Kind: pipelines.KindFiles, Relation: results.StepShared}, {Name: "surface-train", Kind: pipelines.KindSurface, Relation: results.StepShared}}}
	var out bytes.Buffer
	if err := (compared{A: "a", B: "b", Pairs: []comparedPair{pair}}).print(&app.App{Program: app.Program{Out: &out}}, "text"); err != nil {
		t.Fatal(err)
	}
	const want = `A: a
B: b
1 pair compared; 2 steps shared (pictures not counted)

parameter                  A  B
surface-train.range: auto  -  true

without 2 results with the same five digits in A and B:
result     A    B  difference
test_loss  2  2.5         0.5
`
	if out.String() != want {
		t.Error(out.String())
	}
}
