package values

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// StatedError is the error that a map's values may have: 0 for exact ones. In JSON, exact is "exact".
type StatedError float64

const exactError = "exact"

// String is the error as a sweep file has it.
func (e StatedError) String() string {
	if e == 0 {
		return exactError
	}
	return strconv.FormatFloat(float64(e), 'g', -1, 64)
}

func (e StatedError) Label() string { return e.String() }

// MarshalJSON writes the number, or exact.
func (e StatedError) MarshalJSON() ([]byte, error) {
	if e == 0 {
		return json.Marshal(exactError)
	}
	return json.Marshal(float64(e))
}

// Note is what captions say of the error, "" of exact values.
func (e StatedError) Note() string {
	if e == 0 {
		return ""
	}
	return fmt.Sprintf("; error ≤ %.4g %% with 95 %% confidence", float64(e)*100)
}

// StatedErrors is the type of the field.
type StatedErrors struct{}

func (StatedErrors) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.IsScalar() && n.Text == exactError {
		return StatedError(0)
	}
	if v, err := strconv.ParseFloat(n.Text, 64); n.IsScalar() && err == nil && slices.Contains(pipelines.StatedErrors, v) {
		return StatedError(v)
	}
	return c.Reject(n, path, exactError+" or one of "+strings.Join(shownErrors(), ", "))
}

func (StatedErrors) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{{"type": "string", "enum": []string{exactError}}, {"type": "number", "enum": pipelines.StatedErrors}}}
}

func shownErrors() (out []string) {
	for _, e := range pipelines.StatedErrors {
		out = append(out, StatedError(e).String())
	}
	return out
}
