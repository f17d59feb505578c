package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/workers/internal/export"
)

// maxFigures is how many bytes of pictures the page may have.
const maxFigures = 4 << 20

// judged is a claim with its finding.
type judged struct {
	claim
	finding
}

// files makes everything that the folder is given, by name.
func files(sweeps []*sweep, all []judged) (map[string][]byte, error) {
	out := map[string][]byte{}
	figures, err := figuresOf(sweeps, out)
	if err != nil {
		return nil, err
	}
	cost := costs(sweeps)
	tables := []sheet{experimentsOf(sweeps), digestsOf(sweeps), cost}
	for _, j := range all {
		tables = append(tables, j.tables...)
	}
	for _, t := range tables {
		var b bytes.Buffer
		if err := t.CSV(&b); err != nil {
			return nil, err
		}
		out[t.name+".csv"] = b.Bytes()
	}
	out["README.md"] = page(sweeps, all, cost, figures)
	return out, nil
}

// page is the page in Markdown.
func page(sweeps []*sweep, all []judged, cost sheet, figures map[string][]string) []byte {
	var b bytes.Buffer
	b.WriteString(`# The claims of Li et al. (2018), looked at on two cores

What the paper says of loss landscapes, claim by claim, against the sweep files in the folder above, in their ` + "`laptop`" + ` presets on real
CIFAR-10 images, with a twelfth or less of the paper's images and a thirtieth of its epochs or less; each file says what was reduced and
why the comparison is still fair. What a claim takes to hold was written down before the sweeps were run, but for what is said of (a) and (c). Each network was trained
once, from one seed, unless it is said otherwise. This page, its tables and figures are written by ` + "`go tool task results`" + ` from the store.

| | the paper says | here |
|---|---|---|
`)
	for _, j := range all {
		fmt.Fprintf(&b, "| [%s](#claim-%s) | %s | **%s** |\n", j.letter, j.letter, cell(j.text), j.verdict)
	}
	shown := map[string]bool{}
	for _, j := range all {
		fmt.Fprintf(&b, "\n## Claim %s\n\n%s\n\nHolds if %s\n\n**%s.** %s\n", j.letter, j.text, j.holdsIf, upper(string(j.verdict)), j.why)
		for _, t := range j.tables {
			b.WriteString("\n")
			_ = t.Markdown(&b) // a buffer takes everything
			fmt.Fprintf(&b, "\n([%s.csv](%s.csv))\n", t.name, t.name)
		}
		for _, name := range j.sweeps {
			if shown[name] {
				continue
			}
			shown[name] = true
			for _, f := range figures[name] {
				fmt.Fprintf(&b, "\n![%s](%s)\n", strings.TrimSuffix(f, ".png"), f)
			}
		}
	}
	var rest []string
	for _, s := range sweeps {
		if !shown[s.Sweep] {
			rest = append(rest, figures[s.Sweep]...)
		}
	}
	if len(rest) > 0 {
		b.WriteString("\n## Further figures\n")
		for _, f := range rest {
			fmt.Fprintf(&b, "\n![%s](%s)\n", strings.TrimSuffix(f, ".png"), f)
		}
	}
	b.WriteString("\n## What it took\n\nSeconds are those of the steps, by the wall clock, on two cores; a step that an earlier line has already counts as shared.\n\n")
	_ = cost.Markdown(&b)
	fmt.Fprintf(&b, "\n([cost.csv](cost.csv); the results of all networks: [experiments.csv](experiments.csv); SHA-256 of every file of numbers: [digests.csv](digests.csv))\n\nComputed with %s.\n", strings.Join(numerics(sweeps), " and "))
	return b.Bytes()
}

// cell is text in a table, where a bar would begin another cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// figuresOf takes the sweeps' figures, and lists their names by sweep.
func figuresOf(sweeps []*sweep, into map[string][]byte) (map[string][]string, error) {
	out, total := map[string][]string{}, 0
	for _, s := range sweeps {
		for _, st := range s.Steps {
			if st.At.Role != pipelines.RoleFigure {
				continue
			}
			b, err := s.Results.Bytes(context.Background(), st.ID, pipelines.OutPNG)
			if err != nil {
				return nil, err
			}
			if b == nil {
				continue
			}
			name := s.Sweep + "-" + st.At.Figure + ".png"
			into[name] = b
			out[s.Sweep] = append(out[s.Sweep], name)
			total += len(b)
		}
	}
	if total > maxFigures {
		return nil, fmt.Errorf("the figures have %d bytes, more than the %d that a page may have: make them smaller (width: and dpi: of a figure) or leave some out", total, maxFigures)
	}
	return out, nil
}

// experimentsOf are the results of all networks.
func experimentsOf(sweeps []*sweep) sheet {
	t := newSheet("experiments", "sweep", "preset", "experiment", "state", "train_loss", "test_loss", "test_error_percent")
	for _, s := range sweeps {
		for _, e := range s.Experiments {
			cells := []any{s.Sweep, s.preset(), e.Name, e.State}
			for _, v := range []*float64{e.TrainLoss, e.TestLoss, e.TestError} {
				if v == nil {
					cells = append(cells, "")
				} else {
					cells = append(cells, *v)
				}
			}
			t.Add(cells...)
		}
	}
	return t
}

// preset is the one that the sweep was run with.
func (s *sweep) preset() string {
	if s.SweepFile == nil {
		return ""
	}
	return s.SweepFile.Preset
}

// digestsOf are the digests of all numbers.
func digestsOf(sweeps []*sweep) sheet {
	t := newSheet("digests", "sweep", "step", "key", "output", "bytes", "sha256")
	for _, s := range sweeps {
		for _, st := range s.Steps {
			if kind := pipelines.Kind(st.Kind); kind == pipelines.KindReport || kind == pipelines.KindRender {
				continue // a report names its run, which is another one each time; pictures follow from the rest
			}
			for _, output := range sortedKeys(st.Outputs) {
				blob := st.Outputs[output]
				t.Add(s.Sweep, st.ID, st.Key, output, blob.Size, blob.Digest)
			}
		}
	}
	return t
}

// costs says how long each sweep's steps took, and what sweeps before it had done for it.
func costs(sweeps []*sweep) sheet {
	t := newSheet("cost", "sweep", "steps", "shared with sweeps above", "seconds of its own steps", "of these training", "surfaces and lines", "Hessians", "seconds that sharing saved")
	seen := map[string]bool{}
	var all [7]float64
	for _, s := range sweeps {
		var n [7]float64
		for _, st := range s.Steps {
			if st.Key == "" || st.Made == nil || st.Kind == string(pipelines.KindReport) {
				continue
			}
			n[0]++
			if seen[st.Key] {
				n[1]++
				n[6] += st.Made.Seconds
				continue
			}
			seen[st.Key] = true
			n[2] += st.Made.Seconds
			if at := part(st); at > 0 {
				n[at] += st.Made.Seconds
			}
		}
		t.Add(costRow(s.Sweep, n)...)
		for i, v := range n {
			all[i] += v
		}
	}
	t.Add(costRow("all", all)...)
	return t
}

// part is the column of costs that a step counts in, 0 for other steps.
func part(st export.Step) int {
	switch pipelines.Kind(st.Kind) {
	case pipelines.KindTrain:
		return 3
	case pipelines.KindLine, pipelines.KindSurface:
		return 4
	case pipelines.KindHessian, pipelines.KindSpectrum:
		return 5
	}
	return 0
}

func costRow(name string, n [7]float64) []any {
	shared := fmt.Sprintf("%.0f", n[1])
	if n[0] > 0 {
		shared += fmt.Sprintf(" (%.0f %%)", 100*n[1]/n[0])
	}
	row := []any{name, n[0], shared}
	for _, v := range n[2:6] {
		row = append(row, fmt.Sprintf("%.0f", v))
	}
	saved := fmt.Sprintf("%.0f", n[6])
	if n[2]+n[6] > 0 {
		saved += fmt.Sprintf(" (%.0f %%)", 100*n[6]/(n[2]+n[6]))
	}
	return append(row, saved)
}

// numerics are the classes of arithmetic that the results are of.
func numerics(sweeps []*sweep) []string {
	var out []string
	for _, s := range sweeps {
		for _, st := range s.Steps {
			if st.Made != nil && st.Made.Numerics != "" && !slices.Contains(out, st.Made.Numerics) {
				out = append(out, st.Made.Numerics)
			}
		}
	}
	return out
}

// write puts the files into a folder, each whole or not at all, and takes those away that an earlier page had.
func write(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, pattern := range []string{"*.csv", "*.png"} {
		old, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, path := range old {
			if _, ok := files[filepath.Base(path)]; !ok && belongs(filepath.Base(path)) {
				if err := os.Remove(path); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range sortedKeys(files) {
		if err := export.WriteFile(filepath.Join(dir, name), files[name]); err != nil {
			return err
		}
	}
	return nil
}

// belongs says whether a file is of the page: named after one of its sweeps or tables.
func belongs(name string) bool {
	for _, s := range sweepNames {
		if strings.HasPrefix(name, s+"-") {
			return true
		}
	}
	return strings.HasSuffix(name, ".csv")
}
