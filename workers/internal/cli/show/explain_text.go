package show

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/changes"
	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/table"
)

// called is a step as people know it.
func (e *explainer) called(h *artifacts.History, k artifacts.Key) string {
	name := fmt.Sprintf("%s %s", h.Steps[k].Kind, k.Short())
	if names := e.names(k, e.named[h]); len(names) > 0 {
		name += "  " + names[0]
		if len(names) > 1 {
			name += fmt.Sprintf(" and %d more", len(names)-1)
		}
	}
	return name
}

// printHistory draws the tree of a result's inputs.
func (e *explainer) printHistory(h *artifacts.History) error {
	var b strings.Builder
	e.node(&b, h, h.Top, "", "", "", drawn{map[artifacts.Key]bool{}, map[pipelines.Network]bool{}})
	_, err := io.WriteString(e.Out, b.String())
	return err
}

// drawn is what a tree has shown already.
type drawn struct {
	steps    map[artifacts.Key]bool
	networks map[pipelines.Network]bool
}

// layers are those of a step's network, if it is written out and was not shown yet: "net-1a2b3c4d: [{conv: 16}, bn, …]".
func (d drawn) layers(params []byte) string {
	n, list := layersOf(params)
	if len(list) == 0 || d.networks[n] {
		return ""
	}
	d.networks[n] = true
	return n.String() + ": " + layers.Compact(list)
}

// layersOf is the network that a step's parameters write out, with its layers.
func layersOf(params []byte) (n pipelines.Network, list []pipelines.Layer) {
	var p struct {
		Net pipelines.Network `json:"net"`
	}
	if json.Unmarshal(params, &p) != nil || !p.Net.Written() || json.Unmarshal([]byte(p.Net), &list) != nil {
		return "", nil
	}
	return p.Net, list
}

// node writes one step and the steps that it was made from. first begins its line, rest the lines under it.
func (e *explainer) node(b *strings.Builder, h *artifacts.History, k artifacts.Key, as, first, rest string, seen drawn) {
	step := h.Steps[k]
	says := func(first, text string) { b.WriteString(table.Paragraph(e.Out, first, rest+"    ", text)) }
	says(first, as+e.called(h, k))
	if seen.steps[k] {
		fmt.Fprintf(b, "%s    as above\n", rest)
		return
	}
	seen.steps[k] = true
	under := rest + "    "
	if len(step.Inputs) > 0 {
		under = rest + "│   "
	}
	for _, text := range []string{strings.Join(describe(step.Kind, step.Params), "  "), seen.layers(step.Params), circumstances(step)} {
		if text != "" {
			b.WriteString(table.Paragraph(e.Out, under, under, text))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(step.Outputs)) {
		fmt.Fprintf(b, "%s→ %s%s %s (%s)\n", under, name, e.ranges[step.Outputs[name].Digest], app.ShortDigest(step.Outputs[name].Digest.String()), app.Size(step.Outputs[name].Size))
	}
	names := slices.Sorted(maps.Keys(step.Inputs))
	for i, name := range names {
		from := step.Inputs[name]
		branch, below := "├─ ", "│  "
		if i == len(names)-1 {
			branch, below = "└─ ", "   "
		}
		switch {
		case h.Steps[from.Step] != nil:
			e.node(b, h, from.Step, name+": ", rest+branch, rest+below, seen)
		case from.Gone:
			says(rest+branch, fmt.Sprintf("%s: %s, of step %s, whose record is gone", name, app.ShortDigest(from.Digest.String()), from.Step.Short()))
		default:
			says(rest+branch, fmt.Sprintf("%s: %s, imported", name, app.ShortDigest(from.Digest.String())))
		}
	}
}

// circumstances are how a step was made.
func circumstances(s *artifacts.HistoricStep) string {
	parts := []string{fmt.Sprintf("version %d", s.Version)}
	if !s.Made.At.IsZero() {
		made := fmt.Sprintf("made %s in %s", s.Made.At.Local().Format(time.DateTime), progress.Duration(time.Duration(s.Made.Seconds*float64(time.Second))))
		if cpu := s.Made.CPUSeconds; cpu > 0 {
			made += fmt.Sprintf(" (%s of processor time)", progress.Duration(time.Duration(cpu*float64(time.Second))))
		}
		parts = append(parts, made)
	}
	if s.Made.Host != "" {
		parts = append(parts, "on "+s.Made.Host)
	}
	if s.Made.Program != "" {
		parts = append(parts, "by "+s.Made.Program)
	}
	if s.Numerics != "" {
		parts = append(parts, "numerics "+s.Numerics)
	} else if s.Made.Numerics != "" {
		parts = append(parts, "numerics any, computed on "+s.Made.Numerics)
	}
	return strings.Join(parts, ", ")
}

// describe writes the parameters of a step in the words of the sweep file.
func describe(kind string, params []byte) []string {
	flat := artifacts.Flat(params)
	if n, list := layersOf(params); len(list) > 0 {
		maps.DeleteFunc(flat, func(name, _ string) bool { return strings.HasPrefix(name, "net.") })
		flat["net"] = n.String()
	}
	joinLists(flat)
	if margin, isFitted := flat["fit.margin"]; isFitted {
		delete(flat, "fit.margin")
		fitted := "auto"
		if margin != "0" {
			fitted = "around the path, with margin " + margin
		}
		for _, axis := range []string{"x", "y"} { // the ends of a fitted axis are not among the parameters
			if flat["fit."+axis] == "true" {
				delete(flat, axis+".min")
				delete(flat, axis+".max")
				flat[axis] = fitted
			}
			delete(flat, "fit."+axis)
		}
	}
	for _, axis := range []string{"x", "y"} {
		if first, ok := flat[axis+".min"]; ok {
			flat[axis] = "[" + first + ", " + flat[axis+".max"] + "]"
			delete(flat, axis+".min")
			delete(flat, axis+".max")
		}
	}
	if y, ok := flat["y"]; flat["x"] != "" && (!ok || y == flat["x"]) {
		flat["range"] = flat["x"]
		delete(flat, "x")
		delete(flat, "y")
	}
	if from, ok := flat["data.from"]; ok {
		flat["images"] = fmt.Sprintf("%s[%s:%s]", flat["data.split"], from, flat["data.to"])
		for _, name := range []string{"data.split", "data.from", "data.to"} {
			delete(flat, name)
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		word, isTold := changes.WordOf(kind, name, flat[name], func(path string) (string, bool) { v, ok := flat[path]; return v, ok })
		if isTold {
			out = append(out, word+"="+shorten(flat[name]))
		}
	}
	const most = 60 // of a report's pictures
	if len(out) > most {
		out = append(out[:most], fmt.Sprintf("and %d more (--output json has all)", len(out)-most))
	}
	return out
}

// joinLists writes values at x.0, x.1 and so on as one value at x.
func joinLists(flat map[string]string) {
	for _, first := range slices.Backward(slices.Sorted(maps.Keys(flat))) {
		name, isFirst := strings.CutSuffix(first, ".0")
		if !isFirst {
			continue
		}
		var values []string
		for {
			at := fmt.Sprintf("%s.%d", name, len(values))
			v, ok := flat[at]
			if !ok {
				break
			}
			values = append(values, v)
			delete(flat, at)
		}
		flat[name] = "[" + strings.Join(values, ", ") + "]"
	}
}

func shorten(v string) string {
	v = app.ShortDigest(v)
	if r := []rune(v); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return v
}

// printDifferences lists how two results differ.
func (e *explainer) printDifferences(x explained) error {
	fmt.Fprintf(e.Out, "%s%s\n", table.Paragraph(e.Out, "A  ", "   ", e.called(x.A, x.A.Top)), table.Paragraph(e.Out, "B  ", "   ", e.called(x.B, x.B.Top)))
	if x.Same {
		_, err := fmt.Fprintln(e.Out, "they are the same result: the same step")
		return err
	}
	a, b := x.A.Steps[x.A.Top], x.B.Steps[x.B.Top]
	for _, name := range slices.Sorted(maps.Keys(a.Outputs)) {
		if other, ok := b.Outputs[name]; ok && other == a.Outputs[name] {
			fmt.Fprintf(e.Out, "%s: the same bytes, %s\n", name, app.ShortDigest(other.Digest.String()))
		}
	}
	t := table.Table{Header: []string{"WHERE", "WHAT", "A", "B"}}
	var told []artifacts.Difference
	for _, d := range x.Differences {
		text, isTold := aspectOf(x, d)
		if !isTold {
			continue
		}
		told = append(told, d)
		where := "itself"
		if len(d.Path) > 0 {
			where = strings.Join(d.Path, " ← ")
		}
		t.Add(where, text, orNone(d.ValueA), orNone(d.ValueB))
	}
	if err := t.Text(e.Out); err != nil || len(told) == 0 {
		return err
	}
	first := told[0]
	where := "the two steps themselves"
	if len(first.Path) > 0 {
		where = "their inputs (" + strings.Join(first.Path, " ← ") + ")"
	}
	name, _ := aspectOf(x, first)
	text := fmt.Sprintf("the first difference is in %s: %s, %s and %s", where, name, orNone(first.ValueA), orNone(first.ValueB))
	_, err := fmt.Fprint(e.Out, "\n"+table.Paragraph(e.Out, "", "", text))
	return err
}

// aspectOf names a difference in the words of the sweep file. isTold is false for a parameter that follows from another difference, and for the second
// axis with the same one.
func aspectOf(x explained, d artifacts.Difference) (text string, isTold bool) {
	kind := ""
	if step := x.A.Steps[d.A]; step != nil {
		kind = step.Kind
	}
	if d.What.Aspect != artifacts.AspectParameter {
		return aspect(kind, d.What), true
	}
	values := map[string]string{}
	for _, other := range x.Differences {
		if other.A == d.A && other.B == d.B && other.What.Aspect == artifacts.AspectParameter {
			values[other.What.Name] = other.ValueA + "\x00" + other.ValueB
		}
	}
	named := d.What
	named.Name, isTold = changes.WordOf(kind, d.What.Name, d.ValueA+"\x00"+d.ValueB, func(path string) (string, bool) { v, ok := values[path]; return v, ok })
	return named.String(), isTold && !changes.IsImplied(d.What.Name, slices.Collect(maps.Keys(values)))
}

func orNone(v string) string {
	if v == "" {
		return "-"
	}
	return shorten(v)
}
