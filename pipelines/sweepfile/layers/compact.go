package layers

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines"
)

// Compact writes layers as a sweep file has them, without defaults: "[{conv: 16}, bn, relu, avgpool, flatten, {linear: 10}]".
func Compact(list []pipelines.Layer) string { return compact(list, "") }

// compact writes layers whose default names begin with a prefix.
func compact(list []pipelines.Layer, prefix string) string {
	out := make([]string, len(list))
	for i, l := range list {
		out[i] = compactLayer(l, fmt.Sprintf("%s%d", prefix, i))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func compactLayer(l pipelines.Layer, place string) string {
	i := slices.IndexFunc(layerForms, func(f layerForm) bool { return f.kind == l.Kind })
	if i < 0 {
		return l.Kind
	}
	form, values := layerForms[i], valuesOf(l)
	var parts []string
	switch own := values[form.key]; {
	case l.Body != nil:
		parts = append(parts, form.kind+": "+compact(l.Body, place+"."))
	case form.key == "name" && own == place || form.key == "approximate" && own == "": // left out
	case form.key != "" && cmp.Or(own, "0") != fmt.Sprint(form.absent):
		parts = append(parts, form.kind+": "+cmp.Or(own, "0"))
	}
	for _, f := range form.fields.Fields {
		if text := values[f.Name]; f.Name != form.key && text != defaultOf(l, f.Name, f.Default, place) {
			parts = append(parts, f.Name+": "+cmp.Or(text, "0"))
		}
	}
	switch {
	case l.Pad:
		parts = append(parts, "shortcut: pad")
	case l.Shortcut != nil:
		parts = append(parts, "shortcut: "+compact(l.Shortcut, place+".shortcut."))
	}
	if len(parts) == 0 {
		return form.kind
	}
	if !strings.HasPrefix(parts[0], form.kind+": ") {
		parts = slices.Insert(parts, 0, form.kind+": ")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// defaultOf is the text of a field's default in a layer.
func defaultOf(l pipelines.Layer, field string, fixed any, place string) string {
	var sides pipelines.Sides
	switch {
	case field == "name":
		return place
	case field == "padding" && l.Kind == layerConv:
		for i, k := range l.Kernel {
			sides[i] = max(1, l.Dilation[i]) * (k / 2)
		}
	case field == "stride" && l.Kind != layerConv:
		sides = l.Kernel
	case fixed == int64(0) || fixed == nil || field == "causal":
		return ""
	default:
		return fmt.Sprint(fixed)
	}
	return valuesOf(pipelines.Layer{Padding: sides})["padding"]
}

// valuesOf are the values of a layer that are not zero, by the keys of layerForms, and false for truth values that can be true by default.
func valuesOf(l pipelines.Layer) map[string]string {
	out := map[string]string{"affine": "false", "bias": "false"}
	b, err := json.Marshal(l)
	var values map[string]json.RawMessage
	if err != nil || json.Unmarshal(b, &values) != nil {
		return out
	}
	for key, raw := range values {
		var v any
		if key != "body" && key != "shortcut" && json.Unmarshal(raw, &v) == nil {
			out[key] = strings.ReplaceAll(fmt.Sprint(v), " ", ", ") // of sides: [1, 2]
		}
	}
	return out
}
