package sweepfile

import (
	"bytes"
	"encoding/json"
	"maps"

	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/syntax"
)

// Schema returns the JSON Schema (draft 2020-12) of sweep files, which editors
// use for completion. It is made from the table that Parse checks files with.
func Schema() ([]byte, error) { return SchemaFor(Catalog{}) }

// SchemaFor is Schema with the names of a catalog as the allowed ones.
func SchemaFor(cat Catalog) ([]byte, error) {
	known := cat.names()
	s := syntax.AllowVariables(sweepFields.Schema(known))
	maps.Copy(s, syntax.Schema{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "lossatlas sweep",
		"description": "What to train, what to vary, and which maps of the loss to draw.",
		"$defs": syntax.Schema{
			"layer":    syntax.AllowVariables(layers.Definition()),
			"part":     syntax.AllowVariables(axes{}.part(known)),
			"values":   syntax.AllowVariables(sweptValues(known)),
			"point":    syntax.AllowVariables(swept(known, func(s syntax.Schema) syntax.Schema { return s })),
			"variable": syntax.VariableSchema(),
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
	partRef   = syntax.Schema{"$ref": "#/$defs/part"}
	valuesRef = syntax.Schema{"$ref": "#/$defs/values"}
	pointRef  = syntax.Schema{"$ref": "#/$defs/point"}
)

// axes is the type of the field sweep, which is read once the presets are applied.
type axes struct{}

func (axes) Check(*syntax.Checker, *syntax.Node, string) any { return nil }

func (axes) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{partRef, syntax.ListOf(partRef)}}
}

func sweptValues(known syntax.Names) syntax.Schema { return swept(known, syntax.ListOf) }

// part lists every parameter, so that editors complete paths.
func (axes) part(known syntax.Names) syntax.Schema {
	alternatives := swept(known, func(s syntax.Schema) syntax.Schema {
		return syntax.Schema{"anyOf": []syntax.Schema{s, syntax.ListOf(s)}}
	})
	part := sweptValues(known)
	properties := part["properties"].(syntax.Schema)
	properties[parameters.KeyGrid] = valuesRef
	properties[parameters.KeyZip] = syntax.Schema{"description": "Lists of one length that vary together.", "anyOf": []syntax.Schema{valuesRef, {"type": "array", "items": valuesRef}}}
	properties[parameters.KeyInclude] = syntax.Schema{"description": "Further experiments.", "type": "array", "items": pointRef}
	properties[parameters.KeyExclude] = syntax.Schema{"description": "Experiments to leave out: all that have these values.", "type": "array", "items": alternatives}
	return part
}

// swept is the schema of a mapping from parameters to what wrap makes of their types.
func swept(known syntax.Names, wrap func(syntax.Schema) syntax.Schema) syntax.Schema {
	properties := syntax.Schema{}
	for _, path := range parameterTable.AllPaths() {
		t, err := parameterTable.Parameter(path)
		if err != nil || path == "dataset.name" {
			continue // a name or a kind, which is not a parameter
		}
		properties[path] = wrap(t.Schema(known))
	}
	return syntax.Schema{"type": "object", "properties": properties, "additionalProperties": false,
		"patternProperties": syntax.Schema{mapPathPattern: wrap(syntax.Schema{})}}
}

// repeats is the type of the field repeats, which is read once the presets are applied.
type repeats struct{}

func (repeats) Check(*syntax.Checker, *syntax.Node, string) any { return nil }

func (repeats) Schema(known syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{syntax.Integer{Min: 1, Max: parameters.MaxRepeats}.Schema(known), repeatedSeeds(func(s syntax.Schema) syntax.Schema { return s })}}
}

// repeatedSeeds is the schema of seeds by their paths.
func repeatedSeeds(wrap func(syntax.Schema) syntax.Schema) syntax.Schema {
	seeds := wrap(syntax.Schema{"type": "array", "minItems": 1, "items": syntax.Integer{Min: 0, Max: maxSeed}.Schema(nil)})
	properties := syntax.Schema{}
	for _, path := range parameterTable.AllPaths() {
		if parameters.IsSeed(path) {
			properties[path] = seeds
		}
	}
	return syntax.Schema{"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": false,
		"patternProperties": syntax.Schema{`^maps\.[^.]+\.seed$`: seeds, `^variables\.[^.]*seed$`: seeds}}
}

// presets is the type of the field presets; overlays are checked where they are applied.
type presets struct{}

func (presets) Check(*syntax.Checker, *syntax.Node, string) any { return nil }

// schema of presets: every field is optional, and dotted paths are allowed as well.
func (presets) Schema(known syntax.Names) syntax.Schema {
	properties := syntax.Schema{}
	for _, f := range sweepFields.Fields {
		if f.Name != "presets" {
			properties[f.Name] = optional(f, known)
		}
	}
	for _, path := range parameterTable.AllPaths() {
		if t, err := parameterTable.Parameter(path); err == nil {
			properties[path] = syntax.Nullable(t.Schema(known))
		}
	}
	return syntax.Schema{"type": "object", "propertyNames": syntax.Schema{"pattern": syntax.NameForm.String()},
		"additionalProperties": syntax.Schema{"type": "object", "properties": properties, "additionalProperties": false,
			"patternProperties": syntax.Schema{mapPathPattern: syntax.Schema{}, `^(dataset|train|sweep|repeats|networks)\..+$`: syntax.Schema{}}}}
}

// optional is the schema of a field in an overlay.
func optional(f syntax.Field, known syntax.Names) syntax.Schema {
	switch t := f.Type.(type) {
	case syntax.Object:
		properties := syntax.Schema{}
		for _, sub := range t.Fields {
			properties[sub.Name] = optional(sub, known)
		}
		return syntax.Schema{"type": "object", "description": f.Doc, "properties": properties, "additionalProperties": false,
			"patternProperties": syntax.Schema{`\.`: syntax.Schema{}}}
	case syntax.List:
		if entry, ok := parameterTable.Entries[f.Name]; ok {
			fields := syntax.Schema{}
			for _, sub := range entry.Fields {
				fields[sub.Name] = syntax.Nullable(sub.Type.Schema(known))
			}
			return syntax.Schema{"description": f.Doc, "anyOf": []syntax.Schema{
				t.Schema(known),
				{"type": "object", "properties": fields, "additionalProperties": syntax.Schema{"type": "object"}, "patternProperties": syntax.Schema{`\.`: syntax.Schema{}}},
			}}
		}
	case layers.Networks:
		s := t.Schema(known)
		s["additionalProperties"] = syntax.Nullable(s["additionalProperties"].(syntax.Schema))
		s["description"] = f.Doc
		return syntax.Nullable(s)
	case repeats:
		return syntax.Schema{"description": f.Doc, "anyOf": []syntax.Schema{syntax.Integer{Min: 1, Max: parameters.MaxRepeats}.Schema(known), repeatedSeeds(syntax.Nullable), {"type": "null"}}}
	case axes:
		part := t.part(known)
		properties := syntax.Schema{}
		for path, one := range part["properties"].(syntax.Schema) {
			properties[path] = syntax.Nullable(one.(syntax.Schema))
		}
		part["properties"] = properties
		return syntax.Schema{"description": f.Doc, "anyOf": []syntax.Schema{part, syntax.ListOf(partRef), {"type": "null"}}}
	}
	return syntax.Nullable(f.Schema(known))
}
