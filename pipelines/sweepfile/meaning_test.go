package sweepfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/artifacts"
)

// spelling is a value of a field in all the ways to write it; a default may have none, and is then left out.
type spelling []string

// meant are the fields of a file with what they may hold, the default first; without one they are required.
var meant = map[string][]spelling{
	"dataset.train":                {{"50000", "+50000"}, {"10000"}},
	"dataset.test":                 {{"10000"}, {"500"}},
	"train.epochs":                 {{"300"}, {"30"}},
	"train.batch_size":             {{"128"}, {"64"}},
	"train.bn_group":               {{}, {"16"}, {"32"}},
	"train.augment":                {{"true", "True"}, {"false"}},
	"train.seed":                   {{"1"}, {"2"}, {"3"}},
	"train.label_noise":            {{"0", "0.0", "-0"}, {"0.25", ".25", "25e-2"}},
	"train.checkpoints":            {{}, {"1"}, {"[0, 5]", "[5, 0]"}},
	"train.optimizer.kind":         {{"sgd", "'sgd'", "\"sgd\""}},
	"train.optimizer.lr":           {{"0.1", "1e-1"}, {"0.05", "5e-2"}},
	"train.optimizer.momentum":     {{"0.9", ".9"}, {"0.5"}},
	"train.optimizer.weight_decay": {{"5e-4", "0.0005"}, {"0"}},
	"train.optimizer.schedule":     {{}, {"{5: 0.5, 9: 0.1}", "{9: 1e-1, 5: .5, 400: 2, 7: 1}"}, {"{cosine: true}"}},
	"maps.line.points":             {{"401"}, {"5"}},
	"maps.line.range":              {{"[-1, 1]", "[-1.0, 1e0]"}, {"[0, 2]"}},
	"maps.line.images":             {{}, {"100"}, {"'test[0:50]'", "['test[0:50]']"}},
	"maps.line.seed":               {{"1"}, {"7"}},
	"maps.surface.resolution":      {{"51", "[51, 51]"}, {"[9, 5]"}},
	"maps.surface.normalize":       {{"filter", "'filter'"}, {"layer"}},
	"maps.surface.pairs":           {{"1"}, {"2"}},
	"maps.surface.error":           {{"exact", "'exact'"}, {"0.02", ".02", "2e-2"}, {"0.1", "1e-1"}},
	"maps.surface.x":               {{"[-1, 1]"}, {"[-0.5, 0.5]", "[-.5, 5e-1]"}},
}

// meaning is what a file says: for each field which of its values.
type meaning map[string]int

func drawMeaning(t *rapid.T) meaning {
	m := meaning{}
	for _, path := range slices.Sorted(maps.Keys(meant)) {
		m[path] = rapid.IntRange(0, len(meant[path])-1).Draw(t, path)
	}
	return m
}

// writer writes a meaning as a file, each time another way.
type writer struct {
	t         *rapid.T
	variables []string // lines
	train     string   // a further field of train
	cosmetic  bool
}

func (w *writer) chance(what string) bool { return rapid.Bool().Draw(w.t, what) }

// value writes a value in one of its ways, or a variable in place of it.
func (w *writer) value(ways []string, swept bool) string {
	v := rapid.SampledFrom(ways).Draw(w.t, "way")
	if strings.HasPrefix(v, "{") || swept || !w.chance("variable") {
		return v
	}
	name := fmt.Sprintf("v%d", len(w.variables))
	w.variables = append(w.variables, name+": "+v)
	return "$" + name
}

// file writes the file. Of the fields in axes it leaves the value to sweep, which is written unchanged.
func (w *writer) file(m meaning, sweep string, axes ...string) string {
	fields := map[string][]string{"dataset": {"name: cifar10"}, "train": {"net: resnet20"}, "maps.line": {"kind: line"}, "maps.surface": {"kind: surface"}, "train.optimizer": nil}
	if w.train != "" {
		fields["train"] = append(fields["train"], w.train)
	}
	for _, path := range slices.Sorted(maps.Keys(m)) {
		ways := meant[path][m[path]]
		if len(ways) == 0 || m[path] == 0 && w.chance("leave out") || slices.Contains(axes, path) {
			continue
		}
		parent, key := path[:strings.LastIndexByte(path, '.')], path[strings.LastIndexByte(path, '.')+1:]
		fields[parent] = append(fields[parent], key+": "+w.value(ways, false))
	}
	if w.cosmetic {
		for _, parent := range []string{"maps.line", "maps.surface"} {
			if w.chance("title") {
				fields[parent] = append(fields[parent], "title: \"$ π\"")
			}
		}
	}
	if optimizer := fields["train.optimizer"]; len(optimizer) > 0 {
		fields["train"] = append(fields["train"], w.mapping("optimizer: ", "  ", optimizer))
	}
	top := []string{"name: one", w.mapping("dataset: ", "", fields["dataset"]), w.mapping("train: ", "", fields["train"]), sweep,
		"maps:\n" + w.mapping("- ", "  ", fields["maps.line"]) + "\n" + w.mapping("- ", "  ", fields["maps.surface"])}
	if w.cosmetic {
		top[0] = "name: " + rapid.SampledFrom([]string{"one", "other"}).Draw(w.t, "name")
		top = append(top, rapid.SampledFrom([]string{"", "title: any", "plots: [line, {kind: contour, scale: log}]", "plots: []", "figures: [{kind: norms}]"}).Draw(w.t, "cosmetic"))
	}
	if len(w.variables) > 0 {
		top = append(top, w.mapping("variables: ", "", w.variables))
	}
	return strings.Join(rapid.Permutation(top).Draw(w.t, "order"), "\n") + "\n"
}

// mapping writes fields in any order, in flow or block style, with or without comments.
func (w *writer) mapping(head, indent string, fields []string) string {
	fields = rapid.Permutation(fields).Draw(w.t, "order")
	nested := slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(f, "\n") })
	if !nested && w.chance("flow") {
		return indent + head + "{" + strings.Join(fields, ", ") + "}"
	}
	inner := "\n" + indent + "  "
	if head == "- " {
		return indent + head + strings.Join(fields, inner)
	}
	comment := rapid.SampledFrom([]string{"", " # why: {a: b}"}).Draw(w.t, "comment")
	var b strings.Builder
	b.WriteString(indent + strings.TrimRight(head, " ") + comment)
	for _, f := range fields {
		b.WriteString(inner + strings.TrimLeft(f, " "))
	}
	return b.String()
}

// keysIn are the keys of the steps of a file that compute, and how often there is each.
func keysIn(t *rapid.T, src string) map[artifacts.Key]int {
	s, err := Parse("sweep.yaml", []byte(src), catalog, "")
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, src)
	}
	g, err := s.Expand(digest)
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, src)
	}
	out := make(map[artifacts.Key]int)
	for _, key := range computed(g, keysOf(t, g)) {
		out[key]++
	}
	return out
}

// However a meaning is written, it has the same keys: fields in any order and
// style, numbers and names spelled this way or that, defaults written out or not,
// values by variables, comments, titles and other looks.
func TestOneMeaningHasOneSetOfKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMeaning(t)
		a := (&writer{t: t}).file(m, "")
		b := (&writer{t: t, cosmetic: true}).file(m, "")
		if !maps.Equal(keysIn(t, a), keysIn(t, b)) {
			t.Fatalf("the keys differ of\n%s\nand\n%s", a, b)
		}
	})
}

// However a sweep is written, it has the same steps: as a grid, its experiments
// one by one, zipped, one sweep after another, by a variable, or as repetitions.
func TestOneSweepHasOneSetOfKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMeaning(t)
		m["train.checkpoints"] = 0 // no swept number of epochs is too small for its list
		paths := []string{"train.seed", rapid.SampledFrom([]string{"train.batch_size", "train.optimizer.lr", "maps.line.range", "maps.surface.resolution", "dataset.train"}).Draw(t, "path")}
		m["train.bn_group"] = 0
		first, second := meant[paths[0]][:rapid.IntRange(1, 3).Draw(t, "seeds")], meant[paths[1]]
		w := &writer{t: t}
		list := func(values []spelling) string {
			var out []string
			for _, v := range values {
				out = append(out, w.value(v, true))
			}
			return "[" + strings.Join(out, ", ") + "]"
		}
		var each, parts, zipped0, zipped1 []string
		for _, a := range first {
			parts = append(parts, fmt.Sprintf("{%s: %s, %s: %s}", paths[0], list([]spelling{a}), paths[1], list(second)))
			for _, b := range second {
				x, y := w.value(a, true), w.value(b, true)
				each = append(each, fmt.Sprintf("{%s: %s, %s: %s}", paths[0], x, paths[1], y))
				zipped0, zipped1 = append(zipped0, x), append(zipped1, y)
			}
		}
		grid := fmt.Sprintf("sweep: {%s: %s, %s: %s}", paths[0], list(first), paths[1], list(second))
		want := keysIn(t, w.file(m, grid, paths...))
		other := rapid.SampledFrom([]string{
			"sweep: {include: [" + strings.Join(each, ", ") + "]}",
			"sweep: [" + strings.Join(parts, ", ") + "]",
			fmt.Sprintf("sweep: {zip: {%s: [%s], %s: [%s]}}", paths[0], strings.Join(zipped0, ", "), paths[1], strings.Join(zipped1, ", ")),
			fmt.Sprintf("sweep: {%s: %s}\nrepeats: {%s: %s}", paths[1], list(second), paths[0], list(first)),
			fmt.Sprintf("sweep: {%s: %s}\nrepeats: %d", paths[1], list(second), len(first)),
			fmt.Sprintf("sweep: {variables.a: %s, %s: %s}", list(first), paths[1], list(second)),
		}).Draw(t, "form")
		w = &writer{t: t}
		if strings.Contains(other, "variables.a") {
			w.variables = []string{"a: 1"}
			w.train = "seed: $a"
		}
		src := w.file(m, other, paths...)
		if got := keysIn(t, src); !maps.Equal(got, want) {
			t.Fatalf("the keys are others than those of\n%s\nin\n%s", grid, src)
		}
	})
}

// concerned are the steps whose keys a field is part of, by how their names begin
// after the experiment's: of a training all, as all others look at what it wrote.
func concerned(path string, m meaning) []string {
	switch path {
	case "maps.line.seed":
		return []string{"line-"}
	case "maps.line.points", "maps.line.range", "maps.line.images":
		return []string{"line-train", "line-test"}
	case "maps.surface.normalize":
		return []string{"surface-"}
	case "maps.surface.resolution", "maps.surface.x", "maps.surface.error":
		return []string{"surface-train"}
	case "maps.surface.pairs": // another measurement of flatness, and steps of its own
		return []string{"surface-train-flatness", "surface-directions@2", "surface-train@2"}
	}
	return []string{""}
}

// An edit that changes the meaning changes the keys of the steps that it concerns, and of no others.
func TestAnotherMeaningHasOtherKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMeaning(t)
		path := rapid.SampledFrom(slices.DeleteFunc(slices.Sorted(maps.Keys(meant)), func(p string) bool { return len(meant[p]) < 2 })).Draw(t, "edited")
		edited := maps.Clone(m)
		edited[path] = (m[path] + rapid.IntRange(1, len(meant[path])-1).Draw(t, "by")) % len(meant[path])
		keys := func(m meaning) map[string]artifacts.Key {
			src := (&writer{t: t}).file(m, "")
			s, err := Parse("sweep.yaml", []byte(src), catalog, "")
			if err != nil {
				t.Fatalf("%v\nin\n%s", err, src)
			}
			g, err := s.Expand(digest)
			if err != nil {
				t.Fatal(err)
			}
			return computed(g, keysOf(t, g))
		}
		before, after := keys(m), keys(edited)
		names := concerned(path, m)
		changed := false
		for id, key := range before {
			name := strings.TrimPrefix(id, "one/")
			mayChange := slices.ContainsFunc(names, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
			now, there := after[id]
			if there && now != key {
				changed = true
				if !mayChange {
					t.Errorf("%s from %v to %v changes the key of %s", path, meant[path][m[path]], meant[path][edited[path]], id)
				}
			}
			if !there && !mayChange {
				t.Errorf("%s from %v to %v removes %s", path, meant[path][m[path]], meant[path][edited[path]], id)
			}
			if must := names[0] == "" || name == names[0] || strings.HasPrefix(name, names[0]) && path != "maps.line.images"; there && must && now == key {
				t.Errorf("%s from %v to %v keeps the key of %s", path, meant[path][m[path]], meant[path][edited[path]], id)
			}
		}
		if !changed {
			t.Errorf("%s from %v to %v changes no key", path, meant[path][m[path]], meant[path][edited[path]])
		}
	})
}

// A sweep has as many experiments as its parts say, and each part so many times as it is repeated.
func TestExpansionCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var parts []string
		once := 0
		for k := range rapid.IntRange(1, 4).Draw(t, "parts") {
			batches, zipped, included := rapid.IntRange(1, 3).Draw(t, "grid"), rapid.IntRange(0, 3).Draw(t, "zip"), rapid.IntRange(0, 2).Draw(t, "include")
			part := []string{fmt.Sprintf("train.epochs: [%d]", 100+k), fmt.Sprintf("train.batch_size: [%s]", strings.Join([]string{"8", "16", "32"}[:batches], ", "))}
			count := batches * max(zipped, 1)
			if zipped > 0 {
				part = append(part, fmt.Sprintf("zip: {train.optimizer.lr: [%s], train.bn_group: [%s]}", strings.Join([]string{"0.1", "0.2", "0.3"}[:zipped], ", "), strings.Join([]string{"8", "8", "4"}[:zipped], ", ")))
			}
			if batches > 1 && rapid.Bool().Draw(t, "exclude") {
				part = append(part, "exclude: [{train.batch_size: [8]}]")
				count -= max(zipped, 1)
			}
			var include []string
			for i := range included {
				include = append(include, fmt.Sprintf("{train.epochs: %d}", 1000+10*k+i))
			}
			if included > 0 {
				part = append(part, "include: ["+strings.Join(include, ", ")+"]")
			}
			parts = append(parts, "  - {"+strings.Join(part, ", ")+"}\n")
			once += count + included
		}
		src, times := short+"sweep:\n"+strings.Join(parts, ""), 1
		switch rapid.IntRange(0, 2).Draw(t, "repeats") {
		case 1:
			times = rapid.IntRange(1, 5).Draw(t, "times")
			src += fmt.Sprintf("repeats: %d\n", times)
		case 2:
			a, b := rapid.IntRange(1, 3).Draw(t, "seeds"), rapid.IntRange(1, 3).Draw(t, "directions")
			times = a * b
			src += fmt.Sprintf("repeats: {train.seed: [%s], maps.seed: [%s]}\n", numbers(a), numbers(b))
		}
		s, err := Parse("sweep.yaml", []byte(src), catalog, "")
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, src)
		}
		g, err := s.Expand(digest)
		if err != nil {
			t.Fatal(err)
		}
		if len(g.Experiments) != once*times {
			t.Fatalf("%d experiments, want %d × %d, of\n%s", len(g.Experiments), once, times, src)
		}
		groups := make(map[string]int)
		for _, e := range g.Experiments {
			if e.Group != "" {
				groups[e.Group]++
			}
		}
		if strings.Contains(src, "repeats") {
			if len(groups) != once {
				t.Fatalf("%d groups, want %d", len(groups), once)
			}
			for name, n := range groups {
				if n != times {
					t.Fatalf("%s has %d repetitions, want %d", name, n, times)
				}
			}
		}
	})
}
