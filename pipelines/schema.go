package pipelines

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Schema returns the JSON Schema (draft 2020-12) of sweep files, which editors
// use for completion. It is made from the table that Parse checks files with.
func Schema() ([]byte, error) { return SchemaFor(Catalog{}) }

// SchemaFor is Schema with the names of a catalog as the allowed ones.
func SchemaFor(cat Catalog) ([]byte, error) {
	s := allowVariables(sweepFields.schema(cat))
	maps.Copy(s, schema{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "lossatlas sweep",
		"description": "What to train, what to vary, and which maps of the loss to draw.",
		"$defs": schema{
			"layer":  allowVariables(layerSchema()),
			"part":   allowVariables(axes{}.part(cat)),
			"values": allowVariables(sweptValues(cat)),
			"point":  allowVariables(swept(cat, func(s schema) schema { return s })),
			"variable": schema{"type": "string", "pattern": `^\$` + strings.TrimPrefix(variableForm.String(), "^"),
				"description": "The value of one of variables."},
		},
	})
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// mapPathPattern are the parameters that the schema cannot name: of maps by name, and variables.
const mapPathPattern = `^(maps\.[^.]+\.[^.]+|variables\.[^.]+)$`

// Where the schema keeps what stands in it often: a mapping of a sweep, lists of
// values by parameter, and single values by parameter.
var (
	partRef   = schema{"$ref": "#/$defs/part"}
	valuesRef = schema{"$ref": "#/$defs/values"}
	pointRef  = schema{"$ref": "#/$defs/point"}
)

func (axes) schema(Catalog) schema {
	return schema{"anyOf": []schema{partRef, listOf(partRef)}}
}

func listOf(s schema) schema { return schema{"type": "array", "items": s, "minItems": 1} }

func sweptValues(cat Catalog) schema { return swept(cat, listOf) }

// part lists every parameter, so that editors complete paths.
func (axes) part(cat Catalog) schema {
	alternatives := swept(cat, func(s schema) schema { return schema{"anyOf": []schema{s, listOf(s)}} })
	part := sweptValues(cat)
	properties := part["properties"].(schema)
	properties[keyGrid] = valuesRef
	properties[keyZip] = schema{"description": "Lists of one length that vary together.", "anyOf": []schema{valuesRef, {"type": "array", "items": valuesRef}}}
	properties[keyInclude] = schema{"description": "Further experiments.", "type": "array", "items": pointRef}
	properties[keyExclude] = schema{"description": "Experiments to leave out: all that have these values.", "type": "array", "items": alternatives}
	return part
}

// swept is the schema of a mapping from parameters to what wrap makes of their types.
func swept(cat Catalog, wrap func(schema) schema) schema {
	properties := schema{}
	for _, path := range allPaths() {
		t, err := parameter(path)
		if err != nil || path == "dataset.name" {
			continue // a name or a kind, which is not a parameter
		}
		properties[path] = wrap(t.schema(cat))
	}
	return schema{"type": "object", "properties": properties, "additionalProperties": false,
		"patternProperties": schema{mapPathPattern: wrap(schema{})}}
}

// schema of presets: every field may be given, none must be, dotted paths as well.
func (presets) schema(cat Catalog) schema {
	properties := schema{}
	for _, f := range sweepFields.fields {
		if f.name != "presets" {
			properties[f.name] = optional(f, cat)
		}
	}
	for _, path := range allPaths() {
		if t, err := parameter(path); err == nil {
			properties[path] = nullable(t.schema(cat))
		}
	}
	return schema{"type": "object", "propertyNames": schema{"pattern": nameForm.String()},
		"additionalProperties": schema{"type": "object", "properties": properties, "additionalProperties": false,
			"patternProperties": schema{mapPathPattern: schema{}, `^(dataset|train|sweep|repeats|networks)\..+$`: schema{}}}}
}

// optional is the schema of a field in an overlay.
func optional(f field, cat Catalog) schema {
	switch t := f.typ.(type) {
	case object:
		properties := schema{}
		for _, sub := range t.fields {
			properties[sub.name] = optional(sub, cat)
		}
		return schema{"type": "object", "description": f.doc, "properties": properties, "additionalProperties": false,
			"patternProperties": schema{`\.`: schema{}}}
	case list:
		if entry, ok := entryLists[f.name]; ok {
			fields := schema{}
			for _, sub := range entry.fields {
				fields[sub.name] = nullable(sub.typ.schema(cat))
			}
			return schema{"description": f.doc, "anyOf": []schema{
				t.schema(cat),
				{"type": "object", "properties": fields, "additionalProperties": schema{"type": "object"}, "patternProperties": schema{`\.`: schema{}}},
			}}
		}
	case networks:
		s := t.schema(cat)
		s["additionalProperties"] = nullable(s["additionalProperties"].(schema))
		s["description"] = f.doc
		return nullable(s)
	case repeats:
		return schema{"description": f.doc, "anyOf": []schema{integer{1, maxRepeats}.schema(cat), repeatedSeeds(nullable), {"type": "null"}}}
	case axes:
		part := t.part(cat)
		properties := schema{}
		for path, one := range part["properties"].(schema) {
			properties[path] = nullable(one.(schema))
		}
		part["properties"] = properties
		return schema{"description": f.doc, "anyOf": []schema{part, listOf(partRef), {"type": "null"}}}
	}
	return nullable(f.schema(cat))
}

// variableRef is where the schema keeps the form of a variable that stands for a value.
const variableRef = "#/$defs/variable"

// allowVariables returns the schema with variables allowed wherever it allows a
// value: a number, a text, a list, a choice. A mapping is written out.
func allowVariables(s schema) schema {
	out := maps.Clone(s)
	for key, v := range s {
		switch v := v.(type) {
		case schema:
			switch key {
			case "properties", "patternProperties":
				of := schema{}
				for name, one := range v {
					if of[name] = one; name != variablesKey {
						of[name] = orVariable(one.(schema))
					}
				}
				out[key] = of
			case "items", "additionalProperties":
				out[key] = orVariable(v)
			}
		case []schema: // anyOf, oneOf
			of := make([]schema, 0, len(v)+1)
			for _, one := range v {
				of = append(of, allowVariables(one))
			}
			if slices.ContainsFunc(v, holdsValue) {
				of = append(of, schema{"$ref": variableRef})
			}
			out[key] = of
		}
	}
	return out
}

// orVariable is allowVariables of a schema that stands by itself, not among alternatives.
func orVariable(s schema) schema {
	out := allowVariables(s)
	if !holdsValue(s) {
		return out
	}
	either := schema{}
	for _, key := range []string{"description", "default"} {
		if v, ok := out[key]; ok {
			either[key] = v
			delete(out, key)
		}
	}
	either["anyOf"] = []schema{out, {"$ref": variableRef}}
	return either
}

// holdsValue says whether a schema, but for its alternatives, is of a value.
func holdsValue(s schema) bool {
	t := s["type"]
	return s["enum"] != nil || s["const"] != nil || t != nil && t != "object" && t != "null"
}

// nullable also allows an empty value, which in an overlay removes what was there.
func nullable(s schema) schema {
	return schema{"anyOf": []schema{s, {"type": "null"}}}
}
