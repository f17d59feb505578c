package docs

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines/syntax"
)

// Values describes in a few words what a schema allows.
func Values(s syntax.Schema) string {
	if all, ok := s["anyOf"].([]syntax.Schema); ok {
		var words []string
		for _, one := range all {
			if w := Values(one); w != "" && !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
		return strings.Join(words, ", or ")
	}
	if names, ok := s["enum"].([]string); ok {
		return "`" + strings.Join(names, "`, `") + "`"
	}
	switch s["type"] {
	case "integer":
		return fmt.Sprintf("whole number, %v to %v", s["minimum"], s["maximum"])
	case "number":
		return "number" + bounds(s)
	case "boolean":
		return "`true`, `false`"
	case "string":
		return "text"
	case "array":
		if item, ok := s["items"].(syntax.Schema); ok && Values(item) != "" {
			return "list: " + Values(item)
		}
		return "list"
	case "object":
		return "mapping"
	case "null":
		return ""
	}
	if c, ok := s["const"]; ok {
		return fmt.Sprintf("`%v`", c)
	}
	if s["$ref"] != nil {
		return "mapping"
	}
	return ""
}

// bounds are the limits of a number.
func bounds(s syntax.Schema) string {
	from, to := "", ""
	if v, ok := s["minimum"]; ok {
		from = fmt.Sprintf(" from %v", v)
	} else if v, ok := s["exclusiveMinimum"]; ok {
		from = fmt.Sprintf(" above %v", v)
	}
	if v, ok := s["maximum"]; ok {
		to = fmt.Sprintf(" to %v", v)
	} else if v, ok := s["exclusiveMaximum"]; ok {
		to = fmt.Sprintf(" below %v", v)
	}
	return from + to
}
