package sweepfile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// statedError is the error that a map's values may have: 0 for exact ones. In JSON, exact is "exact".
type statedError float64

const exactError = "exact"

// String is the error as a sweep file has it.
func (e statedError) String() string {
	if e == 0 {
		return exactError
	}
	return strconv.FormatFloat(float64(e), 'g', -1, 64)
}

func (e statedError) label() string { return e.String() }

// MarshalJSON writes the number, or exact.
func (e statedError) MarshalJSON() ([]byte, error) {
	if e == 0 {
		return json.Marshal(exactError)
	}
	return json.Marshal(float64(e))
}

// note is what captions say of the error, "" of exact values.
func (e statedError) note() string {
	if e == 0 {
		return ""
	}
	return fmt.Sprintf("; error ≤ %.4g %% with 95 %% confidence", float64(e)*100)
}

// statedErrors is the type of the field.
type statedErrors struct{}

func (statedErrors) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.IsScalar() && n.Text == exactError {
		return statedError(0)
	}
	if v, err := strconv.ParseFloat(n.Text, 64); n.IsScalar() && err == nil && slices.Contains(pipelines.StatedErrors, v) {
		return statedError(v)
	}
	return c.Reject(n, path, exactError+" or one of "+strings.Join(shownErrors(), ", "))
}

func (statedErrors) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{{"type": "string", "enum": []string{exactError}}, {"type": "number", "enum": pipelines.StatedErrors}}}
}

func shownErrors() (out []string) {
	for _, e := range pipelines.StatedErrors {
		out = append(out, statedError(e).String())
	}
	return out
}

// errorField is the same for all maps of the loss.
var errorField = syntax.Field{Name: "error", Doc: "Error that the loss may have, relative to it, at every point with 95 % confidence: then few points are evaluated, and the " +
	"others estimated from them. exact evaluates all. Default: exact.", Type: statedErrors{}}

// allowed gives the lattice of a map the error of its field.
func (m mapConfig) allowed(p pipelines.MapParams) pipelines.MapParams {
	return p.WithError(float64(m.Error))
}
