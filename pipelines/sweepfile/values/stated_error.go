package values

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// StatedError is the error that a map's values may have. As JSON it is "exact", a number, or {"absolute": number}.
type StatedError struct{ pipelines.StatedError }

const (
	exactError    = "exact"
	absoluteError = "absolute"
)

// Label writes the error in characters that file names may hold.
func (e StatedError) Label() string {
	switch {
	case e.Error == 0:
		return exactError
	case e.Absolute:
		return absoluteError + "-" + shownError(e.Error)
	}
	return shownError(e.Error)
}

// MarshalJSON writes the form of sweep files.
func (e StatedError) MarshalJSON() ([]byte, error) {
	switch {
	case e.Error == 0:
		return json.Marshal(exactError)
	case e.Absolute:
		return json.Marshal(map[string]float64{absoluteError: e.Error})
	}
	return json.Marshal(e.Error)
}

// Note is what captions say of the error, "" of exact values.
func (e StatedError) Note() string {
	if e.Error == 0 {
		return ""
	}
	return "; " + e.Bound()
}

// StatedErrors is the type of the field.
type StatedErrors struct{}

func (StatedErrors) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.IsScalar() && n.Text == exactError {
		return StatedError{}
	}
	allowed, of, at, want := pipelines.RelativeErrors, n, path, exactError+", {"+absoluteError+": ERROR} or one of "
	absolute := n.Kind == syntax.MappingNode && len(n.Entries) == 1 && n.Entries[0].Key == absoluteError
	if absolute {
		allowed, of, at, want = pipelines.AbsoluteErrors, n.Entries[0].Value, syntax.Join(path, absoluteError), "one of "
	}
	if v, err := strconv.ParseFloat(of.Text, 64); of.IsScalar() && err == nil && slices.Contains(allowed, v) {
		return StatedError{pipelines.StatedError{Error: v, Absolute: absolute}}
	}
	want += Errors(allowed)
	if number, isPercent := strings.CutSuffix(of.Text, "%"); isPercent && !absolute {
		for _, e := range allowed {
			if shownError(100*e) == strings.TrimSpace(number) {
				want += " (" + shownError(100*e) + " % is " + shownError(e) + ")"
			}
		}
	}
	return c.Reject(of, at, want)
}

// Errors lists allowed errors.
func Errors(allowed []float64) string {
	var shown []string
	for _, e := range allowed {
		shown = append(shown, shownError(e))
	}
	return strings.Join(shown, ", ")
}

func (StatedErrors) Schema(syntax.Names) syntax.Schema {
	absolute := syntax.Schema{absoluteError: syntax.Schema{"type": "number", "enum": pipelines.AbsoluteErrors}}
	return syntax.Schema{"anyOf": []syntax.Schema{{"type": "string", "enum": []string{exactError}}, {"type": "number", "enum": pipelines.RelativeErrors},
		{"type": "object", "properties": absolute, "required": []string{absoluteError}, "additionalProperties": false}}}
}

func shownError(e float64) string { return strconv.FormatFloat(e, 'g', -1, 64) }
