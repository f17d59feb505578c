package layers

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// layerReader reads the layers of one network and counts them.
type layerReader struct {
	c     *syntax.Checker
	count int
}

// list reads layers one after another. Those without a name of their own get
// their place as one, as in PyTorch's nn.Sequential.
func (r *layerReader) list(n *syntax.Node, path, prefix string, depth int) []pipelines.Layer {
	if n.Kind != syntax.ListNode || len(n.Items) == 0 {
		r.c.Reject(n, path, "a list of at least one layer")
		return nil
	}
	if depth > maxDepth {
		r.c.Addf(n.At, "%s: layers within layers, more than %d deep", path, maxDepth)
		return nil
	}
	layers := make([]pipelines.Layer, 0, len(n.Items))
	for i, item := range n.Items {
		if r.count++; r.count == maxLayers+1 {
			r.c.Addf(item.At, "%s: more than %d layers", path, maxLayers)
		}
		if r.count > maxLayers {
			return nil
		}
		layers = append(layers, r.layer(item, fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%s%d", prefix, i), depth))
	}
	return layers
}

// layer finds the form of a layer, and reads it.
func (r *layerReader) layer(n *syntax.Node, path, place string, depth int) pipelines.Layer {
	kind, value := n.Text, (*syntax.Node)(nil)
	if n.Kind == syntax.MappingNode {
		kind = ""
		for _, e := range n.Entries {
			if !slices.Contains(layerKinds, e.Key) {
				continue
			}
			if kind != "" {
				r.c.Addf(e.At, "%s: one layer cannot be %s and %s; write two", path, kind, e.Key)
				return pipelines.Layer{}
			}
			kind, value = e.Key, e.Value
		}
		if kind == "" {
			problem := "want " + layerWant
			for _, e := range n.Entries {
				if guess := syntax.DidYouMean(e.Key, layerKinds); guess != "" {
					problem = "unknown layer " + syntax.Clip(e.Key) + guess
					break
				}
			}
			r.c.Addf(n.At, "%s: %s", path, problem)
			return pipelines.Layer{}
		}
	} else if !n.IsScalar() {
		r.c.Reject(n, path, layerWant)
		return pipelines.Layer{}
	}
	i := slices.IndexFunc(layerForms, func(f layerForm) bool { return f.kind == kind })
	if i < 0 {
		guess := cmp.Or(syntax.DidYouMean(kind, layerKinds), "; want "+layerWant)
		r.c.Addf(n.At, "%s: unknown layer %s%s", path, syntax.Clip(kind), guess)
		return pipelines.Layer{}
	}
	form := layerForms[i]
	if value != nil && value.Kind == syntax.NullNode {
		value = nil
	}
	switch {
	case kind == "dense" && value != nil && value.IsScalar(): // Keras's name of a linear layer
		r.c.Addf(value.At, "%s: dense has a list of layers, whose input is joined to their output; a fully connected layer is {linear: %s}", path, syntax.Clip(value.Text))
		return pipelines.Layer{}
	case value == nil && !form.word:
		r.c.Addf(n.At, "%s: %s needs a value, as {%s: …}", path, kind, kind)
		return pipelines.Layer{}
	case value != nil && form.value == nil:
		r.c.Addf(value.At, "%s: %s takes no value; write the word alone", path, kind)
		return pipelines.Layer{}
	}
	return r.fill(form, n, value, path, place, depth)
}

// fill reads the value and the fields of a layer.
func (r *layerReader) fill(form layerForm, n, value *syntax.Node, path, place string, depth int) pipelines.Layer {
	given := &syntax.Node{Kind: syntax.MappingNode, At: n.At}
	for _, e := range n.Entries {
		switch {
		case e.Key == form.kind:
		case form.fields.Find(e.Key) == nil:
			r.c.Addf(e.At, "%s: %s layer has no %s%s", path, withArticle(form.kind), syntax.Clip(e.Key),
				syntax.GuessOrList(e.Key, append([]string{form.kind}, form.fields.Names()...), "allowed:"))
		default:
			given.Entries = append(given.Entries, e)
		}
	}
	form.fields.Require(r.c, given, path)
	before := r.c.Reported
	fields, _ := form.fields.Check(r.c, given, path).(map[string]any)
	own := form.absent
	if value != nil {
		own = form.value.Check(r.c, value, syntax.Join(path, form.kind))
	}
	if r.c.Reported > before {
		return pipelines.Layer{}
	}
	l := pipelines.Layer{Kind: form.kind}
	if body, ok := own.(*syntax.Node); ok {
		l.Body = r.list(body, syntax.Join(path, form.kind), place+".", depth+1)
	} else if own != nil {
		r.name(form, given, own, path)
		fields[form.key] = own
	}
	if shortcut, ok := fields["shortcut"].(*syntax.Node); ok {
		delete(fields, "shortcut")
		if l.Pad = shortcut.IsScalar(); !l.Pad {
			l.Shortcut = r.list(shortcut, syntax.Join(path, "shortcut"), place+".shortcut.", depth+1)
		}
	}
	for key, v := range fields {
		setField(&l, key, v)
	}
	if l.Name == "" && form.fields.Find("name") != nil {
		l.Name = place
	}
	r.complete(&l, fields, given, path)
	return l
}

// withArticle is "a conv" or "an attention".
func withArticle(kind string) string {
	if strings.Contains("aeiou", kind[:1]) {
		return "an " + kind
	}
	return "a " + kind
}

// name reports a layer whose own value is its name and that has another one.
func (r *layerReader) name(form layerForm, given *syntax.Node, own any, path string) {
	if e := given.Get("name"); form.key == "name" && e != nil {
		r.c.Addf(e.At, "%s: the %s layer has the name %s already; leave one out", path, form.kind, syntax.Clip(fmt.Sprint(own)))
	}
}

// complete fills in defaults that depend on other fields.
func (r *layerReader) complete(l *pipelines.Layer, fields map[string]any, given *syntax.Node, path string) {
	switch l.Kind {
	case layerConv:
		if _, ok := fields["padding"]; !ok {
			for i, k := range l.Kernel {
				l.Padding[i] = max(1, l.Dilation[i]) * (k / 2)
			}
		}
	case layerMaxPool, layerAvgPool:
		if _, ok := fields["stride"]; !ok {
			l.Stride = l.Kernel
		}
		if l.Kernel == (pipelines.Sides{}) && len(given.Entries) > 0 {
			r.c.Addf(given.Entries[0].At, "%s: %s has no effect on the mean over the whole image; give the side of the windows, as {avgpool: 2}", path, given.Entries[0].Key)
		}
	}
	if l.Approximate == exactGELU {
		l.Approximate = ""
	}
}

// layerPlaces are the fields of pipelines.Layer by their keys in JSON, which are the keys of layerForms.
var layerPlaces = func() map[string]int {
	places, of := map[string]int{}, reflect.TypeFor[pipelines.Layer]()
	for i := range of.NumField() {
		key, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		places[key] = i
	}
	return places
}()

// setField puts a normalised value into a field of a layer.
func setField(l *pipelines.Layer, key string, v any) {
	at := reflect.ValueOf(l).Elem().Field(layerPlaces[key])
	side, _ := v.(int64)
	switch pair, isPair := v.([]any); {
	case isPair:
		at.Set(reflect.ValueOf(pipelines.Sides{int(pair[0].(int64)), int(pair[1].(int64))}))
	case at.Kind() == reflect.Array:
		at.Set(reflect.ValueOf(pipelines.Sides{int(side), int(side)}))
	default:
		at.Set(reflect.ValueOf(v).Convert(at.Type()))
	}
}
