package registry_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers says what each package tree of the module may import: of this module
// (by prefix), and which outside packages it must not see. The first rule
// whose tree matches applies.
var layers = []struct {
	tree  string
	may   []string // trees of this module
	never []string // outside
}{
	{"activities/runner", []string{"activities/", "artifacts", "pipelines"}, []string{"go.temporal.io/", "github.com/minio/"}},
	{"activities/results", []string{"activities/", "artifacts", "pipelines"}, []string{"go.temporal.io/", "github.com/minio/"}},
	{"activities/report", []string{"activities/", "artifacts", "pipelines"}, []string{"go.temporal.io/", "github.com/minio/"}},
	{"activities/atlas", []string{"activities/", "pipelines"}, []string{"go.temporal.io/", "github.com/minio/"}},
	{"activities/", []string{"activities/"}, []string{"go.temporal.io/", "github.com/minio/"}},
	{"activities", []string{"activities/", "artifacts", "pipelines"}, []string{"go.temporal.io/server", "github.com/minio/"}},
	{"workflows", []string{"activities", "artifacts", "pipelines"}, []string{"go.temporal.io/server", "github.com/minio/", "github.com/gomlx/"}},
	{"pipelines/syntax", nil, []string{"go.temporal.io/", "github.com/minio/", "github.com/gomlx/"}},
	{"pipelines/changes", nil, []string{"go.temporal.io/", "github.com/minio/", "github.com/gomlx/"}},
	{"pipelines/sweepfile", []string{"artifacts", "pipelines"}, []string{"go.temporal.io/", "github.com/minio/", "github.com/gomlx/"}},
	{"pipelines", []string{"artifacts", "pipelines/changes"}, []string{"go.temporal.io/", "github.com/minio/", "github.com/gomlx/"}},
	{"artifacts/objects/s3", []string{"artifacts"}, []string{"go.temporal.io/", "github.com/gomlx/"}},
	{"artifacts", []string{"artifacts"}, []string{"go.temporal.io/", "github.com/gomlx/", "github.com/minio/"}},
	{"workers/embedded", []string{"workers/", "artifacts"}, []string{"github.com/gomlx/"}},
	{"workers/", []string{"workers/", "workflows", "activities", "artifacts", "pipelines"}, []string{"go.temporal.io/server/"}},
}

// TestLayers holds the direction of imports: workers → workflows → activities →
// numeric packages, with pipelines and artifacts knowing none of them.
func TestLayers(t *testing.T) {
	const module = "lossatlas/"
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name, ok := strings.CutPrefix(p.ImportPath, module)
		if !ok {
			continue
		}
		seen++
		for _, rule := range layers {
			if !within(name, rule.tree) {
				continue
			}
			for _, imp := range p.Imports {
				if own, ok := strings.CutPrefix(imp, module); ok && !anyWithin(own, rule.may) {
					t.Errorf("%s imports %s; packages in %s may import only %v of this module", name, own, rule.tree, rule.may)
				}
				for _, bad := range rule.never {
					if strings.HasPrefix(imp, bad) {
						t.Errorf("%s imports %s, which packages in %s must not know", name, imp, rule.tree)
					}
				}
			}
			break
		}
	}
	if seen < 15 {
		t.Fatalf("go list named %d packages of the module: the test looks at the wrong place", seen)
	}
}

// TestTopLevel holds the ten visible entries of the top level, next to a licence.
func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	allowed := strings.Fields("workflows activities artifacts workers pipelines deploy go.mod go.sum Taskfile.yml README.md LICENSE")
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s stands at the top level, where only %v may", e.Name(), allowed)
		}
	}
}

// within says whether a package lies in a tree. "a/" means strictly below a,
// "a" means a itself or below.
func within(name, tree string) bool {
	if strings.HasSuffix(tree, "/") {
		return strings.HasPrefix(name, tree)
	}
	return name == tree || strings.HasPrefix(name, tree+"/")
}

func anyWithin(name string, trees []string) bool {
	for _, t := range trees {
		if within(name, t) {
			return true
		}
	}
	return false
}

// TestSlim: the program for machines that work for servers elsewhere is built without any server.
func TestSlim(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "slim", "-deps", "lossatlas/workers/lossatlas").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := strings.Fields(string(out))
	for _, p := range packages {
		if strings.HasPrefix(p, "go.temporal.io/server") || strings.HasPrefix(p, "github.com/versity/") || strings.HasPrefix(p, "lossatlas/workers/embedded") {
			t.Errorf("the slim program has %s", p)
		}
	}
	if len(packages) < 300 {
		t.Fatalf("go list named %d packages: the test looks at the wrong place", len(packages))
	}
}
