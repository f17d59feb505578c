package syntax

import (
	"maps"
	"slices"
	"strings"
)

// Schema is a JSON Schema; encoding/json sorts its keys, so it prints the same every time.
type Schema map[string]any

// ListOf is the schema of a list of at least one value.
func ListOf(s Schema) Schema { return Schema{"type": "array", "items": s, "minItems": 1} }

// Nullable also allows an empty value, which in an overlay removes the earlier one.
func Nullable(s Schema) Schema {
	return Schema{"anyOf": []Schema{s, {"type": "null"}}}
}

// variableRef is where the schema keeps the form of a variable that stands for a value.
const variableRef = "#/$defs/variable"

// AllowVariables returns the schema with variables allowed wherever it allows a
// value: a number, a text, a list, a choice. A mapping is written out.
func AllowVariables(s Schema) Schema {
	out := maps.Clone(s)
	for key, v := range s {
		switch v := v.(type) {
		case Schema:
			switch key {
			case "properties", "patternProperties":
				of := Schema{}
				for name, one := range v {
					if of[name] = one; name != VariablesKey {
						of[name] = orVariable(one.(Schema))
					}
				}
				out[key] = of
			case "items", "additionalProperties":
				out[key] = orVariable(v)
			}
		case []Schema: // anyOf, oneOf
			of := make([]Schema, 0, len(v)+1)
			for _, one := range v {
				of = append(of, AllowVariables(one))
			}
			if slices.ContainsFunc(v, holdsValue) {
				of = append(of, Schema{"$ref": variableRef})
			}
			out[key] = of
		}
	}
	return out
}

// orVariable is allowVariables of a schema that stands by itself, not among alternatives.
func orVariable(s Schema) Schema {
	out := AllowVariables(s)
	if !holdsValue(s) {
		return out
	}
	either := Schema{}
	for _, key := range []string{"description", "default"} {
		if v, ok := out[key]; ok {
			either[key] = v
			delete(out, key)
		}
	}
	either["anyOf"] = []Schema{out, {"$ref": variableRef}}
	return either
}

// holdsValue says whether a schema, but for its alternatives, is of a value.
func holdsValue(s Schema) bool {
	t := s["type"]
	return s["enum"] != nil || s["const"] != nil || t != nil && t != "object" && t != "null"
}

// VariableSchema is the definition behind variableRef.
func VariableSchema() Schema {
	return Schema{"type": "string", "pattern": `^\$` + strings.TrimPrefix(variableForm.String(), "^"),
		"description": "The value of one of variables."}
}
