package show

import (
	"bytes"
	"strings"
	"testing"

	"lossatlas/activities/results"
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
