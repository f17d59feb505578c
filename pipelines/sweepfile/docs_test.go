package sweepfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lossatlas/deploy/docs"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

const root = "../.."

// TestReferenceIsCurrent holds the tables of pipelines/README.md to the field tables.
func TestReferenceIsCurrent(t *testing.T) {
	var b strings.Builder
	for _, part := range []struct {
		heading, path string
		fields        syntax.Object
	}{
		{"The file", "", sweepFields}, {"dataset", "dataset", datasetFields}, {"train", "train", trainFields},
		{"train.optimizer", "train.optimizer", values.OptimizerFields}, {"maps", "maps", mapFields.Object}, {"compare", "compare", compareFields.Object},
		{"plots", "plots", plotFields.Object}, {"figures", "figures", figureFields.Object},
	} {
		heading := part.heading
		if part.path != "" {
			heading = "`" + heading + "`"
		}
		fmt.Fprintf(&b, "### %s\n\n%s\n", heading, fieldTable(part.fields))
	}
	docs.Section(t, root+"/pipelines/README.md", "fields", b.String())
	b.Reset()
	b.WriteString("| plot | shows | drawn |\n|---|---|---|\n")
	for _, p := range plotTable {
		shows, drawn := "training", "by default"
		if p.ofMap != "" {
			caption := strings.ReplaceAll(p.caption, "%s", "loss")
			shows = "`" + p.ofMap + "`: " + strings.ToLower(caption[:1]) + caption[1:]
		}
		if p.onlyAsked {
			drawn = "when named"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.name, docs.Cell(shows), drawn)
	}
	docs.Section(t, root+"/pipelines/README.md", "plots", b.String())
}

// TestChaptersAreComplete: the chapters of pipelines/README.md name every kind of map, comparison and figure.
func TestChaptersAreComplete(t *testing.T) {
	b, err := os.ReadFile(root + "/pipelines/README.md")
	if err != nil {
		t.Fatal(err)
	}
	chapters, _, _ := strings.Cut(string(b), "## Reference")
	for heading, fields := range map[string]syntax.Variants{"Maps": mapFields, "Comparisons": compareFields, "Plots and figures": figureFields} {
		_, chapter, _ := strings.Cut(chapters, "\n## "+heading+"\n")
		chapter, _, _ = strings.Cut(chapter, "\n## ")
		for _, kind := range fields.Of {
			if !strings.Contains(chapter, "`"+kind+"`") && !strings.Contains(chapter, "kind: "+kind) {
				t.Errorf("the chapter %s lacks %s", heading, kind)
			}
		}
	}
}

// fieldTable is a table of the fields of a mapping.
func fieldTable(o syntax.Object) string {
	var b strings.Builder
	b.WriteString("| field | values | default | meaning |\n|---|---|---|---|\n")
	for _, f := range o.Fields {
		initial, doc := "", f.Doc
		if f.Default != nil {
			initial = "`" + syntax.Canonical(f.Default) + "`"
			if s, ok := f.Default.(source); ok {
				initial = "`" + s.kind + "`"
			}
		}
		if f.Required {
			initial = "required"
		}
		if f.Kinds != nil {
			doc = fmt.Sprintf("(%s) %s", strings.Join(f.Kinds, ", "), doc)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, docs.Cell(docs.Values(f.Type.Schema(nil))), docs.Cell(initial), docs.Cell(doc))
	}
	return b.String()
}

// TestBlocksParse: every yaml block of a page is a sweep file, or becomes one when what it leaves out is added.
func TestBlocksParse(t *testing.T) {
	cat, n := catalog, 0
	cat.Data = func(c DataChoices) (Dataset, error) { return Dataset{Name: c.Name, Train: 50000, Test: 10000}, nil }
	cat.NetworkOfFile = func(string, []string) (pipelines.Network, error) { return "resnet20", nil }
	for page, text := range docs.Pages(t, root) {
		name, err := filepath.Rel(root, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range docs.Blocks(text) {
			if block.Language != "yaml" {
				continue
			}
			n++
			t.Run(fmt.Sprintf("%s:%d", name, block.Line), func(t *testing.T) {
				src, err := completed(block.Text)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := Parse("sweep.yaml", src, cat, ""); err != nil {
					t.Errorf("%v\n%s", err, src)
				}
			})
		}
	}
	if n < 15 {
		t.Errorf("only %d blocks were found", n)
	}
}

// completed adds a name, a data set and a network to a part of a sweep file, where they are missing.
func completed(part string) ([]byte, error) {
	whole := map[string]any{"name": "part", "dataset": map[string]any{"name": "cifar10"}, "train": map[string]any{"net": "resnet20"}}
	var given map[string]any
	if err := yaml.Unmarshal([]byte(part), &given); err != nil {
		return nil, err
	}
	missing := map[string]any{}
	for key, value := range whole {
		has, ok := given[key]
		if !ok {
			missing[key] = value
			continue
		}
		fields, mapping := has.(map[string]any)
		for field, value := range asMap(value) {
			if _, ok := fields[field]; mapping && !ok {
				return nil, fmt.Errorf("%s has no %s, and the block can't be completed: add `%s: %v`", key, field, field, value)
			}
		}
	}
	if len(missing) == 0 {
		return []byte(part), nil
	}
	head, err := yaml.Marshal(missing)
	return append(head, part...), err
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// TestCookbookHasItsFiles: the page shows every file of the cookbook, word for word.
func TestCookbookHasItsFiles(t *testing.T) {
	files, err := filepath.Glob(root + "/pipelines/cookbook/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Errorf("%d files, want at least 10", len(files))
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		docs.Section(t, root+"/pipelines/cookbook.md", filepath.Base(file), "```yaml\n"+string(src)+"```")
	}
}
