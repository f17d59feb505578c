package main

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"lossatlas/workers/internal/export"
	"lossatlas/workers/internal/table"
)

// sweepNames are the sweeps of the page, in the order in which `go tool task results` runs them.
var sweepNames = []string{"authors", "table1", "depth", "deep", "initialization", "curvature", "directions", "width"}

// writePage writes the page from the numbers in its folder.
func writePage(folder string) error {
	all, err := load(folder)
	if err != nil {
		return err
	}
	return export.WriteFile(filepath.Join(folder, "README.md"), page(all))
}

// page is the page in Markdown. It follows from the numbers alone.
func page(all map[string]*Numbers) []byte {
	b := &bytes.Buffer{}
	b.WriteString(`# The claims of Li et al. (2018), judged on converged networks

Each claim has a criterion, which was committed before its sweep was run (pilots of one seed, of which only the training loss was looked at, came first), a statistic with its 95 % interval, and a verdict. The
sweep files are in the [folder above](..); each says at its head what it reduces and why. ` + "`go tool task results`" + ` runs them and writes this page;
` + "`go tool task page`" + ` writes it again, byte for byte, from the numbers in this folder.

`)
	found := make([]finding, len(claims))
	t := &table.Table{Header: []string{"", "the paper's claim", "here"}}
	for i, c := range claims {
		found[i] = c.find(all)
		t.Add(fmt.Sprintf("[%s](#%s)", c.id, anchor(c)), c.title, "**"+string(found[i].verdict)+"**")
	}
	markdown(b, t)
	b.WriteString("\n## Rules\n\n")
	for _, r := range rules {
		fmt.Fprintf(b, "- %s\n", r)
	}
	for i, c := range claims {
		writeClaim(b, all, c, found[i])
	}
	writeNetworks(b, all)
	writeCoverage(b, found)
	b.WriteString("\n## Deviations from the paper\n\n")
	for _, d := range deviations {
		fmt.Fprintf(b, "- %s\n", d)
	}
	writeCosts(b, all)
	return b.Bytes()
}

// heading is a claim's heading, and anchor the link to it as GitHub makes it.
func heading(c claim) string {
	return "Claim " + c.id + ": " + strings.ToLower(c.title[:1]) + c.title[1:]
}

func anchor(c claim) string {
	var out strings.Builder
	for _, r := range strings.ToLower(heading(c)) {
		switch {
		case r == ' ':
			out.WriteByte('-')
		case r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			out.WriteRune(r)
		}
	}
	return out.String()
}

// writeClaim writes what is said of one claim.
func writeClaim(b *bytes.Buffer, all map[string]*Numbers, c claim, f finding) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n*Criterion.* %s\n\n*The paper's numbers.* %s\n\n**%s%s.**", heading(c), c.says, c.criterion, c.paper, strings.ToUpper(string(f.verdict[:1])), f.verdict[1:])
	for _, n := range f.notes {
		b.WriteString(" " + n)
	}
	b.WriteString("\n")
	if len(f.statistics) > 0 {
		t := &table.Table{Header: []string{"statistic", "here", "95 % interval", "wanted", "n", "left out"}}
		for _, s := range f.statistics {
			t.Add(s.name, bound(s.value), interval(s.lo, s.hi), region(s), s.n, s.out)
		}
		b.WriteString("\n")
		markdown(b, t)
	}
	n := all[c.sweeps[0]]
	if n == nil {
		return
	}
	for _, name := range c.figures {
		if slices.Contains(n.Figures, name) {
			fmt.Fprintf(b, "\n![%s](%s-%s.png)\n\n*%s*\n", n.Title, n.Sweep, name, caption(n, name))
		}
	}
	fmt.Fprintf(b, "\n`%s`\n", n.Command)
}

// shows says what is seen in each figure of a sweep, and of which map it is.
var shows = map[string]struct{ text, of string }{
	"authors-multiples":            {"Training loss in a plane of two filter-normalized random directions, on a logarithmic scale that both panels share.", "surface"},
	"authors-contours":             {"The same as contours, at levels from 0.1 to 10 in steps of 0.5.", "surface"},
	"authors-eigenvalues":          {"|λmin/λmax| of the Hessian in the same plane.", "hessian"},
	"table1-multiples":             {"Loss (solid: training, dashed: test) and accuracy between the minimizers of the small batch (0) and the large batch (1), SGD, seed 1.", "interpolation"},
	"table1-norms":                 {"Norm of the weights after each epoch, SGD, seed 1.", ""},
	"table1-weights-without-decay": {"Weights of convolutions and linear layers without weight decay, SGD, seed 1.", ""},
	"table1-weights-with-decay":    {"Weights of convolutions and linear layers with weight decay, SGD, seed 1.", ""},
	"table1-by-filter":             {"Training loss along two filter-normalized directions, mean and deviation, SGD, seed 1.", "filter"},
	"table1-by-layer":              {"Training loss along two layer-normalized directions, mean and deviation, SGD, seed 1.", "layer"},
	"table1-by-nothing":            {"Training loss along two directions without normalization, mean and deviation, SGD, seed 1.", "none"},
	"table1-error-by-filter":       {"Test error against the width 0.5 above the minimum along filter-normalized directions, all networks.", "filter"},
	"table1-error-by-layer":        {"Test error against the width 0.5 above the minimum along layer-normalized directions, all networks.", "layer"},
	"table1-error-by-nothing":      {"Test error against the width 0.5 above the minimum along directions without normalization, all networks.", "none"},
	"table1-paths":                 {"Paths of SGD in the plane of their first two principal components, seed 1.", "trajectory"},
	"depth-multiples":              {"Training loss in a plane of two filter-normalized random directions, seed 1; contours from 0.1 to 10 in steps of 0.5.", "surface"},
	"deep-multiples":               {"Training loss in a plane of two filter-normalized random directions, all networks; contours from 0.1 to 10 in steps of 0.5.", "surface"},
	"deep-curves":                  {"Loss and error during training, all networks.", ""},
	"depth-bowls":                  {"The same on a logarithmic scale that all panels share.", "surface"},
	"depth-curves":                 {"Loss and error during training, seed 1.", ""},
	"width-multiples":              {"Training loss in a plane of two filter-normalized random directions, seed 1; contours from 0.1 to 10 in steps of 0.5.", "surface"},
	"width-scatter":                {"Test error against the width 0.5 above the minimum, all networks.", "surface"},
	"curvature-multiples":          {"|λmin/λmax| of the Hessian in a plane of two filter-normalized random directions.", "hessian"},
	"curvature-contours":           {"Training loss in the same plane.", "surface"},
	"directions-lines":             {"Training loss along ten directions, mean and deviation.", "line"},
	"directions-contours":          {"Training loss in the plane of the first two directions.", "surface"},
}

// caption says what a figure shows: networks, data, images, seeds and numbers of networks.
func caption(n *Numbers, figure string) string {
	var nets, images, seeds []string
	for _, net := range n.Networks {
		nets, images, seeds = appendNew(nets, net.Net), appendNew(images, fmt.Sprint(net.Images)), appendNew(seeds, fmt.Sprint(net.Seed))
	}
	shown := shows[n.Sweep+"-"+figure]
	text := shown.text
	if count := n.MapImages[shown.of]; count > 0 {
		text += fmt.Sprintf(" Losses are means over %d images.", count)
	}
	return text + fmt.Sprintf(" The sweep has %d networks (%s), CIFAR-10 (JPEG copy), %s training images, seeds %s.", len(n.Networks), strings.Join(nets, ", "), strings.Join(images, " or "), strings.Join(seeds, ", "))
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// writeNetworks lists what was trained: the means over the seeds of each cell.
func writeNetworks(b *bytes.Buffer, all map[string]*Numbers) {
	t := &table.Table{Header: []string{"sweep", "network", "optimizer", "rate", "weight decay", "batch", "epochs", "images", "seeds", "converged", "training loss, largest", "test error, %, mean", "Σ lr·wd/(1−m)"}}
	for _, name := range sweepNames {
		n := all[name]
		if n == nil || name == "initialization" {
			continue
		}
		var order []string
		cells := map[string][]Network{}
		for _, net := range n.Networks {
			key := fmt.Sprint(net.Net, net.Optimizer, net.Rate, net.Decay, net.Batch, net.Epochs)
			if cells[key] == nil {
				order = append(order, key)
			}
			cells[key] = append(cells[key], net)
		}
		for _, key := range order {
			t.Add(cellRow(name, cells[key])...)
		}
	}
	if len(t.Rows) == 0 {
		return
	}
	b.WriteString("\n## The networks\n\nThe last column is how much weight decay shrinks the weights of SGD in all; for the paper's 300 epochs of 50,000 images it is 31 at a batch of 128 and rate 0.1, and 0.55 at 8,192.\n\n")
	markdown(b, t)
}

// cellRow is the row of the networks that differ in the seed alone.
func cellRow(sweep string, nets []Network) []any {
	count, largest, errors := 0, math.Inf(-1), []Value{}
	for _, net := range nets {
		if net.isConverged() {
			count++
		}
		if net.TrainLoss == nil || net.TestError == nil {
			largest = inf
			continue
		}
		largest = max(largest, *net.TrainLoss)
		errors = append(errors, Value{V: *net.TestError})
	}
	n := nets[0]
	if n.Optimizer == "" {
		return []any{sweep, n.Net, "imported", "", "", "", "", n.Images, 1, "", decimal(largest), decimal(mean(errors).V), ""}
	}
	return []any{sweep, n.Net, n.Optimizer, n.Rate, n.Decay, n.Batch, n.Epochs, n.Images, len(nets), fmt.Sprintf("%d of %d", count, len(nets)), decimal(largest), decimal(mean(errors).V), decimal(n.Product)}
}

// writeCosts says what each sweep took, and from what its numbers come.
func writeCosts(b *bytes.Buffer, all map[string]*Numbers) {
	b.WriteString("\n## Costs and digests\n\nMinutes are sums over steps, shared steps included: by the wall clock, and of the processors. Steps that ran side by side add up by the wall clock, and take longer where other work had the processors. The digest is the SHA-256 over the digests of all stored numbers.\n\n")
	t := &table.Table{Header: []string{"sweep", "command", "steps", "wall minutes", "CPU minutes", "of these training", "maps", "eigenvalues", "program", "digest"}}
	var numerics []string
	for _, name := range sweepNames {
		n := all[name]
		if n == nil {
			t.Add(name, "`lossatlas run pipelines/"+name+".yaml`", "", string(notComputed), "", "", "", "", "", "")
			continue
		}
		m := n.CPUMinutes
		t.Add(name, "`"+n.Command+"`", n.Steps, decimal(n.Minutes["all"]), decimal(m["all"]), decimal(m["train"]), decimal(m["line"]+m["surface"]+m["interpolation"]), decimal(m["hessian"]), n.Program, n.Digest[:16])
		for _, class := range n.Numerics {
			numerics = appendNew(numerics, class)
		}
	}
	markdown(b, t)
	if len(numerics) > 0 {
		fmt.Fprintf(b, "\nComputed with %s.\n", strings.Join(slices.Sorted(slices.Values(numerics)), " and "))
	}
}

// markdown writes a table; a buffer takes everything.
func markdown(b *bytes.Buffer, t *table.Table) { _ = t.Markdown(b) }

// decimal writes three significant digits; nothing of NaN.
func decimal(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 1):
		return "∞"
	case v != 0 && (math.Abs(v) < 1e-3 || math.Abs(v) >= 1e5):
		return fmt.Sprintf("%.2e", v)
	case math.Abs(v) >= 100:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func bound(v Value) string {
	text := decimal(v.V)
	switch {
	case text == "":
		return ""
	case v.AtLeast && v.AtMost:
		return "about " + text
	case v.AtLeast:
		return "at least " + text
	case v.AtMost:
		return "at most " + text
	}
	return text
}

func interval(lo, hi float64) string {
	if math.IsNaN(lo) || math.IsNaN(hi) {
		return ""
	}
	return decimal(lo) + " to " + decimal(hi)
}

// region is where the claim wants the interval.
func region(s statistic) string {
	switch {
	case math.IsInf(s.upTo, 1):
		return "above " + decimal(s.above)
	case math.IsInf(s.above, -1):
		return "below " + decimal(s.upTo)
	}
	return decimal(s.above) + " to " + decimal(s.upTo)
}
