package deploy_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// texts are the files of this folder that operators use, by name.
func texts(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".go") {
			return err
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// sources is the text of all Go files below a folder, but tests.
func sources(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

var variable = regexp.MustCompile(`\bLOSSATLAS_[A-Z0-9_]*[A-Z0-9]\b`)

// TestVariables: every setting that is given here is one that the program reads. LOSSATLAS_VERSION is compose.yaml's own.
func TestVariables(t *testing.T) {
	program := sources(t, "../workers")
	named := map[string]string{}
	for file, text := range texts(t) {
		for _, name := range variable.FindAllString(text, -1) {
			named[name] = file
		}
	}
	delete(named, "LOSSATLAS_VERSION")
	if len(named) < 10 {
		t.Fatalf("only %d variables are found", len(named))
	}
	for name, file := range named {
		// A variable that is a flag, too, is named after it in the table of settings.
		flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "LOSSATLAS_"), "_", "-"))
		if !strings.Contains(program, `"`+name+`"`) && !strings.Contains(program, `{name: "`+flag+`"`) {
			t.Errorf("%s: the program reads no %s", file, name)
		}
	}
}

// commands are the arguments that containers call the program with.
func commands(t *testing.T) (all [][]string) {
	t.Helper()
	files := texts(t)
	for _, line := range regexp.MustCompile(`(?m)^CMD (\[.*\])$`).FindAllStringSubmatch(files["Dockerfile"], -1) {
		var args []string
		if err := json.Unmarshal([]byte(line[1]), &args); err != nil {
			t.Fatal(err)
		}
		all = append(all, args)
	}
	for file, text := range files {
		for _, line := range regexp.MustCompile(`(?m)^ *(?:command|args): (\[worker.*\])$`).FindAllStringSubmatch(text, -1) {
			var args []string
			if err := yaml.Unmarshal([]byte(line[1]), &args); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			all = append(all, args)
		}
		if strings.HasSuffix(file, ".md") {
			for _, line := range regexp.MustCompile(`(?m)^(?:.* -- )?lossatlas ([a-z][^#\n]*)`).FindAllStringSubmatch(text, -1) {
				all = append(all, strings.Fields(line[1]))
			}
		}
	}
	return all
}

// TestCommands: the program knows the commands and flags that it is called with here.
func TestCommands(t *testing.T) {
	program := filepath.Join(t.TempDir(), "lossatlas")
	if out, err := exec.Command("go", "build", "-tags", "slim", "-ldflags=-w", "-o", program, "../workers/lossatlas").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	calls := commands(t)
	if len(calls) < 9 {
		t.Fatalf("only %d commands are found: %q", len(calls), calls)
	}
	for _, args := range calls {
		if out, err := exec.Command(program, append(args, "--help")...).CombinedOutput(); err != nil {
			t.Errorf("lossatlas %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestPlugin: the image has the plugin that `lossatlas backend install` gets, so that both are of one numerics class.
func TestPlugin(t *testing.T) {
	source := sources(t, "../workers/plugin")
	value := func(name string) string {
		m := regexp.MustCompile(name + ` += "([^"]+)"`).FindStringSubmatch(source)
		if m == nil {
			t.Fatalf("workers/plugin has no %s", name)
		}
		return m[1]
	}
	file := texts(t)["Dockerfile"]
	for _, want := range []string{
		value("wheelPackage") + "==" + value("wheelVersion") + " --hash=sha256:" + value("wheelDigest"),
		"/opt/xla/" + value("wheelPlugin"),
	} {
		if !strings.Contains(file, want) {
			t.Errorf("Dockerfile: want %s", want)
		}
	}
}

// queries are the expressions of the dashboard, the alerts and the autoscaling.
func queries(t *testing.T) (all []string) {
	t.Helper()
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	var rules struct {
		Groups []struct{ Rules []struct{ Expr string } }
	}
	files := texts(t)
	if err := json.Unmarshal([]byte(files["grafana/dashboards/lossatlas.json"]), &dashboard); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(files["prometheus/rules.yml"]), &rules); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			all = append(all, target.Expr)
		}
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			all = append(all, r.Expr)
		}
	}
	for _, line := range regexp.MustCompile(`(?m)^ *query: (.*)$`).FindAllStringSubmatch(files["kubernetes/components/keda/scaled.yaml"], -1) {
		all = append(all, line[1])
	}
	return all
}

// exported are the names of the metrics that a worker or a Temporal server can show, as Prometheus calls them.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{"up": true, "process_resident_memory_bytes": true, "process_cpu_seconds_total": true}
	ours := regexp.MustCompile(`ounter\("lossatlas\.([a-z.]+)", (?:metric\.WithUnit\()?"([^"]+)"`).FindAllStringSubmatch(sources(t, "../activities")+sources(t, "../artifacts"), -1)
	if len(ours) < 4 {
		t.Fatalf("only %d metrics of the program are found", len(ours))
	}
	for _, m := range ours {
		name := "lossatlas_" + strings.ReplaceAll(m[1], ".", "_")
		if m[2] == "By" {
			name += "_bytes"
		}
		names[name+"_total"] = true
	}
	module := func(path string) string {
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", path).Output()
		if err != nil {
			t.Fatalf("go list -m %s: %v", path, err)
		}
		return strings.TrimSpace(string(out))
	}
	sdk := sources(t, filepath.Join(module("go.temporal.io/sdk"), "internal", "common", "metrics"))
	for _, m := range regexp.MustCompile(`= (TemporalMetricsPrefix|TemporalRequest) \+ "([a-z_]+)"`).FindAllStringSubmatch(sdk, -1) {
		name := "temporal_" + m[2]
		if m[1] == "TemporalRequest" {
			name = "temporal_request" + m[2]
		}
		for _, suffix := range []string{"", "_total", "_seconds_bucket"} { // gauge, counter, time
			names[name+suffix] = true
		}
	}
	server := sources(t, filepath.Join(module("go.temporal.io/server"), "common", "metrics"))
	for _, m := range regexp.MustCompile(`NewGaugeDef\(\s*"([a-z_]+)"`).FindAllStringSubmatch(server, -1) {
		names[m[1]] = true
	}
	return names
}

// TestMetrics: what the dashboard shows, the alerts watch and the autoscaling counts is exported under these names.
func TestMetrics(t *testing.T) {
	names, used := exported(t), map[string]bool{}
	for _, q := range queries(t) {
		found := regexp.MustCompile(`([a-z_]+)[{\[]`).FindAllStringSubmatch(q, -1)
		if len(found) == 0 {
			t.Errorf("no metric is found in %q", q)
		}
		for _, m := range found {
			used[m[1]] = true
			if !names[m[1]] {
				t.Errorf("nothing exports %s, which %q asks for", m[1], q)
			}
		}
	}
	if len(used) < 10 {
		t.Errorf("only %q are used", slices.Sorted(maps.Keys(used)))
	}
}
