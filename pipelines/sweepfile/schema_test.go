package sweepfile

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lossatlas/pipelines/syntax"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := SchemaFor(catalog)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sweep.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sweep.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate checks a YAML text as an editor does, by YAML 1.2: 5e-4 is a number there.
func validate(t *testing.T, s *jsonschema.Schema, src string) error {
	t.Helper()
	c := syntax.NewChecker("sweep.yaml")
	root := c.Read([]byte(src))
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(document(root))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// document is the JSON value of a node.
func document(n *syntax.Node) any {
	switch n.Kind {
	case syntax.ListNode:
		out := []any{}
		for _, item := range n.Items {
			out = append(out, document(item))
		}
		return out
	case syntax.MappingNode:
		out := map[string]any{}
		for _, e := range n.Entries {
			out[e.Key] = document(e.Value)
		}
		return out
	case syntax.PlainNode:
		if syntax.FloatText.MatchString(n.Text) {
			return json.Number(strings.TrimPrefix(n.Text, "+"))
		}
		if n.Text == "true" || n.Text == "false" {
			return n.Text == "true"
		}
	case syntax.NullNode:
		return nil
	}
	return n.Text
}

func TestSchemaAcceptsSweepFiles(t *testing.T) {
	s := compileSchema(t)
	files, err := filepath.Glob("../*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %v (%v), want at least three sweep files", files, err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, string(src)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Parser and schema agree: what one accepts or refuses, so does the other.
func TestSchemaAgreesWithParse(t *testing.T) {
	s := compileSchema(t)
	cases := []struct {
		src string
		ok  bool
	}{
		{short, true},
		{short + "sweep: {train.batch_size: [1, 2]}\n", true},
		{short + "sweep: {zip: {train.seed: [1, 2], maps.seed: [3, 4]}, include: [{train.seed: 9}], exclude: [{train.seed: [1]}]}\n", true},
		{short + "sweep: {maps.surface.range: [[-1, 1], [0, 1]]}\n", true},
		{short + "presets: {a: {train: {optimizer: {lr: 0.5}}, maps.resolution: 5, sweep: {train.seed: [1]}}}\n", true},
		{short + "sweep: [{train.seed: [4]}, {}, {zip: {train.net: [small, vgg9], train.seed: [2, 3]}}]\n", true},
		{short + "sweep: {train.seed: [1]}\npresets: {a: {sweep: [{train.seed: [2]}, {train.epochs: [1]}]}, b: {sweep: }, c: {sweep: {train.seed: , train.epochs: [2]}}}\n", true},
		{strings.Replace(short, "net: resnet20", "net: $net, epochs: $n, optimizer: {schedule: {3: $f}}", 1) + "variables: {net: mine, n: 5, f: 0.5, sizes: [1, 2], w: 3, plots: [line, contour], two: 2}\n" +
			"networks: {mine: [{conv: $w}, flatten, {linear: 10}]}\nplots: $plots\nsweep: {train.batch_size: $sizes, variables.w: [4, 5], exclude: [{variables.w: 4, train.batch_size: [$two]}]}\n" +
			"presets: {a: {variables: {n: 3}, variables.f: 0.25, train: {seed: $two}}}\n", true},
		{strings.Replace(short, "kind: line", "kind: $kind, images: $images, splits: [$split], range: [$low, 1]", 1) + "variables: {kind: line, images: 100, split: test, low: -2}\n", true},
		{short + "variables: {a: {b: 1}}\ntitle: $a\n", false},
		{short + "variables: {a.b: 1}\n", false},
		{short + "repeats: 3\npresets: {a: {repeats: }, b: {repeats: {train.seed: [2, 3]}}, c: {repeats.maps.seed: [4]}}\n", true},
		{strings.Replace(short, "kind: surface", "kind: surface, seed: $my-seed", 1) + "repeats: {train.seed: [1, $n], maps.line.seed: [1], variables.my-seed: [4]}\nvariables: {n: 2, my-seed: 9}\n", true},
		{short + "repeats: 0\n", false},
		{short + "repeats: {train.epochs: [1]}\n", false},
		{short + "repeats: {train.seed: 3}\n", false},
		{short + "repeats: {}\n", false},
		{short + "presets: {a: {maps: {images: 5, line: {points: 3}}}}\n", true},
		{short + "numerics: any\nplots: [line]\n", true},
		{short + "plots: line\n", true},
		{short + "plots: [line, {kind: contour, scale: log, labels: false}, {kind: surface3d, cut: 5, open: true, dpi: 300}]\n", true},
		{short + "figures: [{kind: multiples, plot: contour, min: 0.1, max: 10, step: 0.5}, {kind: norms, of: [one], width: 5}, {kind: scatter, measure: sharp0.5}]\n", true},
		{short + "presets: {a: {figures: [{kind: curves}], plots: [{kind: line, cut: 3}]}}\n", true},
		{strings.Replace(short, "kind: surface", "kind: surface, images: ['test[0:10]'], resolution: [3, 4]", 1), true},
		{strings.Replace(short, "{net: resnet20}", "{net: resnet20, optimizer: {schedule: {3: 0.1}}}", 1), true},
		{strings.Replace(short, "name: cifar10", "name: cifar11", 1), false},
		{strings.Replace(short, "net: resnet20", "net: [resnet20]", 1), false},
		{strings.Replace(short, "net: resnet20", "epochs: 3", 1), false},
		{strings.Replace(short, "kind: line", "kind: line, resolution: 3", 1), false},
		{strings.Replace(short, "kind: line", "kind: line, points: 1", 1), false},
		{strings.Replace(short, "kind: line", "kind: line, images: 'test[0-10]'", 1), false},
		{strings.Replace(short, "name: one", "name: one two", 1), false},
		{short + "tittle: x\n", false},
		{short + "plots: [lines]\n", false},
		{short + "plots: [{kind: contour, cut: 5}]\n", false},
		{short + "plots: [{kind: contour, colormap: jet}]\n", false},
		{short + "figures: [{kind: norms, plot: contour}]\n", false},
		{short + "figures: [multiples]\n", false},
		{short + "figures: [{kind: scatter, measure: height}]\n", false},
		{short + "sweep: []\n", false},
		{short + "sweep: [[]]\n", false},
		{short + "sweep: [{train.batch_size: 3}]\n", false},
		{short + "sweep: {train.batch_size: []}\n", false},
		{short + "sweep: {train.batchsize: [1]}\n", false},
		{short + "sweep: {train.batch_size: [0]}\n", false},
		{short + "presets: {a: {epochs: 3}}\n", false},
		{short + "presets: {a: {train: {epochs: 0}}}\n", false},
	}
	for _, tc := range cases {
		_, err := Parse("sweep.yaml", []byte(tc.src), catalog, "")
		if (err == nil) != tc.ok {
			t.Errorf("Parse: got %v, want accepted: %v, of\n%s", err, tc.ok, tc.src)
		}
		if err := validate(t, s, tc.src); (err == nil) != tc.ok {
			t.Errorf("schema: got %v, want accepted: %v, of\n%s", err, tc.ok, tc.src)
		}
	}
}

// Without a catalog any name is allowed, every field is described, and the text is the same every time.
func TestSchema(t *testing.T) {
	a, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Schema()
	if err != nil || !bytes.Equal(a, b) {
		t.Fatalf("two schemas differ (%v)", err)
	}
	var doc struct {
		Schema     string `json:"$schema"`
		Properties map[string]struct{ Description string }
	}
	if err := json.Unmarshal(a, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(doc.Schema, "2020-12") || len(doc.Properties) != len(sweepFields.Fields) {
		t.Errorf("schema %q with %d properties, want draft 2020-12 with %d", doc.Schema, len(doc.Properties), len(sweepFields.Fields))
	}
	for name, p := range doc.Properties {
		if p.Description == "" {
			t.Errorf("%s is not described", name)
		}
	}
}
