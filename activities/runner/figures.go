package runner

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/render"
	"lossatlas/activities/render/compare"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/results"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/pipelines"
)

// panels loads the panels of a figure over several experiments, from the inputs that exist.
type panels struct {
	*Run
	p pipelines.FigureParams
}

// overview draws a figure over several experiments.
func (r *Run) overview(ctx context.Context, of pipelines.RenderParams, opt picture.Options) (picture.Figure, error) {
	p := *of.Figure
	from := panels{r, p}
	switch of.Plot {
	case "multiples":
		all, err := from.multiples(ctx)
		if err != nil {
			return picture.Figure{}, err
		}
		var shown []render.Data
		for _, panel := range all {
			shown = append(shown, panel.Data)
		}
		if opt.Caption, err = commonSubject(shown, of); err != nil {
			return picture.Figure{}, err
		}
		if of := tests(p.Panels); of != "" {
			opt.Caption = strings.TrimPrefix(opt.Caption+"; test error", "; ") + of
		}
		return unretried(render.Multiples(p.Plot, all, opt))
	case "lines":
		var lines []compare.LossLine
		var shown []render.Data
		for i, panel := range p.Panels {
			data, err := from.data(ctx, i)
			if err != nil {
				return picture.Figure{}, err
			}
			line := compare.LossLine{Name: panel.Title, Group: panel.Group, Train: data.Train, Test: data.Test}
			if panel.Directions > 1 {
				line.Group = cmp.Or(panel.Group, panel.Title)
			}
			lines = append(lines, line)
			shown = append(shown, data)
			for line.Direction = 1; line.Direction < panel.Directions; line.Direction++ {
				if line.Train, line.Test, err = from.along(ctx, i, line.Direction); err != nil {
					return picture.Figure{}, err
				}
				lines = append(lines, line)
			}
		}
		var err error
		if opt.Caption, err = commonSubject(shown, of); err != nil {
			return picture.Figure{}, err
		}
		return unretried(compare.Lines(lines, opt))
	case "norms", "curves":
		var runs []compare.Run
		for i, panel := range p.Panels {
			log, err := from.log(ctx, i, pipelines.OutLog)
			if err != nil {
				return picture.Figure{}, err
			}
			runs = append(runs, compare.Run{Name: panel.Title, Group: panel.Group, Log: log})
		}
		var err error
		if opt.Caption, err = commonTraining(p.Panels, of.Names); err != nil {
			return picture.Figure{}, err
		}
		if of.Plot == "norms" {
			return unretried(compare.Norms(runs, opt))
		}
		return unretried(compare.Curves(runs, opt))
	case "histogram":
		var networks []compare.Weights
		for i, panel := range p.Panels {
			values, err := from.weights(ctx, i)
			if err != nil {
				return picture.Figure{}, err
			}
			networks = append(networks, compare.Weights{Name: panel.Title, Values: values})
		}
		var err error
		if opt.Caption, err = commonTraining(p.Panels, of.Names); err != nil {
			return picture.Figure{}, err
		}
		return unretried(compare.Histogram(networks, opt))
	case "scatter":
		var dots []compare.Dot
		for i := range p.Panels {
			dot, err := from.dot(ctx, i)
			if err != nil {
				return picture.Figure{}, err
			}
			dots = append(dots, dot)
		}
		if of := tests(p.Panels); of != "" {
			opt.Caption = "test error" + of
		}
		return unretried(compare.Scatter(groupMeans(p.Panels, dots), p.Measure, p.Map, opt))
	}
	return picture.Figure{}, Permanent("BadStep", fmt.Errorf("%s: this worker does not know the figure %q", r.Label, of.Plot))
}

// commonSubject is what the subjects of all panels that have one share: the network, the data, the images or the directions.
func commonSubject(panels []render.Data, of pipelines.RenderParams) (string, error) {
	var all [][]string
	for _, d := range panels {
		parts, err := subject(d, of.Names, true)
		if err != nil {
			return "", err
		}
		all = append(all, parts)
	}
	shared := inAll(all)
	if of.Along != "" {
		shared = append(shared, of.Along)
	}
	return strings.Join(shared, ", "), nil
}

// inAll are the parts that all lists that are not empty have.
func inAll(all [][]string) (out []string) {
	for _, parts := range all {
		switch {
		case parts == nil:
		case out == nil:
			out = slices.Clone(parts)
		default:
			out = slices.DeleteFunc(out, func(part string) bool { return !slices.Contains(parts, part) })
		}
	}
	return out
}

// commonTraining is what the trainings of all panels share: network, data and how it was trained; then their seeds, or the number of more than four.
func commonTraining(panels []pipelines.FigurePanel, names map[string]string) (string, error) {
	var all [][]string
	var seeds []string
	for _, panel := range panels {
		if panel.Training == nil {
			continue
		}
		var p pipelines.TrainParams
		if err := json.Unmarshal(panel.Training, &p); err != nil {
			return "", Permanent("BadStep", err)
		}
		parts, err := results.Subject(names, panel.Training)
		if err != nil {
			return "", Permanent("BadStep", err)
		}
		if p.Epochs > 0 { // no import
			parts = append(parts, results.Training(p)...)
			if seed := strconv.FormatUint(p.Seed, 10); !slices.Contains(seeds, seed) {
				seeds = append(seeds, seed)
			}
		}
		all = append(all, parts)
	}
	out := inAll(all)
	switch n := len(seeds); {
	case n == 1:
		out = append(out, "seed "+seeds[0])
	case n > 4:
		out = append(out, fmt.Sprintf("%d seeds", n))
	case n > 1:
		out = append(out, fmt.Sprintf("seeds %s and %s", strings.Join(seeds[:n-1], ", "), seeds[n-1]))
	}
	return strings.Join(out, ", "), nil
}

// tests says of how few examples the test errors of the panels are, " over 512 examples", "" for many.
func tests(panels []pipelines.FigurePanel) string {
	least, most := math.MaxInt, 0
	for _, p := range panels {
		least, most = min(least, p.Tests), max(most, p.Tests)
	}
	of := trainlog.OfExamples(least)
	if of != "" && most > least {
		of += " or more"
	}
	return strings.Replace(of, " of ", " over ", 1)
}

// name is the input of a panel, "" where it is missing.
func (f panels) name(i int, input string) string {
	name := pipelines.InPanel(i, input)
	if _, ok := f.Recipe.Inputs[name]; !ok {
		return ""
	}
	return name
}

// data are the inputs of a panel that pictures of one experiment are drawn from.
func (f panels) data(ctx context.Context, i int) (render.Data, error) {
	return f.plotData(ctx, func(input string) string { return pipelines.InPanel(i, input) })
}

// along are the losses of both splits along a further direction, nil where they are missing.
func (f panels) along(ctx context.Context, i, direction int) (train, test *surface.Grid, err error) {
	data, err := f.plotData(ctx, func(input string) string { return pipelines.InPanel(i, pipelines.InDirection(input, direction)) })
	return data.Train, data.Test, err
}

// log is nil where it is missing.
func (f panels) log(ctx context.Context, i int, input string) (*trainlog.Log, error) {
	name := f.name(i, input)
	if name == "" {
		return nil, nil
	}
	return f.trainLog(ctx, name)
}

func (f panels) multiples(ctx context.Context) ([]render.Panel, error) {
	var out []render.Panel
	for i, panel := range f.p.Panels {
		p := render.Panel{Title: panel.Title, Row: panel.Row, Column: panel.Column}
		var err error
		if p.Below, err = f.errors(ctx, i); err != nil {
			return nil, err
		}
		if p.Data, err = f.data(ctx, i); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// errors describes the test error or score of a panel, or of both minimizers that it lies between.
func (f panels) errors(ctx context.Context, i int) (string, error) {
	var parts []string
	score := trainlog.Score(f.p.Panels[i].Score)
	for _, end := range []string{"", "-a", "-b", "-c"} {
		log, err := f.log(ctx, i, pipelines.OutLog+end)
		if err != nil {
			return "", err
		}
		of := strings.TrimPrefix(end, "-")
		switch {
		case log == nil:
			continue
		case log.Diverged != nil:
			parts = append(parts, strings.TrimSpace(of+" "+log.Diverged.Short()))
		case !math.IsNaN(score.Shown(log.Final.TestAccuracy)):
			parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %.1f %%", of, score.Shown(log.Final.TestAccuracy))))
		}
	}
	if len(parts) == 0 {
		return "", nil
	}
	if strings.Contains(parts[0], "diverged") {
		return strings.Join(parts, ", "), nil
	}
	return "test " + score.Test() + " " + strings.Join(parts, ", "), nil
}

// weights are the weights of convolutions and linear layers, empty without a result.
func (f panels) weights(ctx context.Context, i int) ([]float32, error) {
	name := f.name(i, pipelines.OutWeights)
	if name == "" {
		return nil, nil
	}
	net, err := networks.Of(f.p.Panels[i].Net, f.p.Panels[i].Problem)
	if err != nil {
		return nil, Permanent("BadNetwork", err)
	}
	b, err := f.input(ctx, name)
	if err != nil {
		return nil, err
	}
	theta, _, err := net.Decode(b)
	if err != nil {
		return nil, Permanent("BadWeights", fmt.Errorf("%s: input %s: %w", f.Label, name, err))
	}
	var out []float32
	for _, p := range net.Params() {
		if p.Role.IsWeight() {
			out = append(out, p.Of(theta)...)
		}
	}
	return out, nil
}

// dot is a panel's test error or score, and measure of flatness, NaN where they are not known.
func (f panels) dot(ctx context.Context, i int) (compare.Dot, error) {
	if f.p.Measure == compare.Barrier {
		return f.barrier(ctx, i)
	}
	d := compare.Dot{Name: f.p.Panels[i].Title, Flatness: math.NaN(), Error: math.NaN()}
	log, err := f.log(ctx, i, pipelines.OutLog)
	if err != nil {
		return d, err
	}
	if log != nil && log.Sound() {
		d.Error = trainlog.Score(f.p.Panels[i].Score).Shown(log.Final.TestAccuracy)
	}
	if name := f.name(i, pipelines.OutSpectrum); name != "" {
		s, err := f.spectrum(ctx, name)
		if err == nil {
			d.Flatness = s.Measure(f.p.Measure).Value
		}
		return d, err
	}
	name := f.name(i, pipelines.OutFlatness)
	if name == "" {
		return d, nil
	}
	measured, err := decoded(ctx, f.Run, name, "BadFlatness", surface.DecodeFlatness)
	if err != nil {
		return d, err
	}
	for _, s := range measured.Summary {
		if s.Name == f.p.Measure {
			m := s.Measured()
			d.Flatness, d.AtLeast = m.Value, m.AtLeast
		}
	}
	return d, nil
}

// barrier is a pair's barrier and the mean of the test errors or scores of its two minimizers, NaN where they are not known.
func (f panels) barrier(ctx context.Context, i int) (compare.Dot, error) {
	d := compare.Dot{Name: f.p.Panels[i].Title, Flatness: math.NaN()}
	for k := range 2 {
		log, err := f.log(ctx, i, pipelines.OutLog+"-"+pipelines.Letter(k))
		if err != nil {
			return d, err
		}
		if log == nil || !log.Sound() {
			d.Error = math.NaN()
			continue
		}
		d.Error += trainlog.Score(f.p.Panels[i].Score).Shown(log.Final.TestAccuracy) / 2
	}
	b, err := f.Run.barrier(ctx, pipelines.InPanel(i, pipelines.OutGrid))
	if err != nil || b == nil {
		return d, err
	}
	d.Flatness, d.AtLeast = b.Height.Value, b.Height.AtLeast
	return d, nil
}

// groupMeans replaces the dots of the repetitions of an
// experiment by one: the mean of the repetitions with both numbers.
func groupMeans(panels []pipelines.FigurePanel, dots []compare.Dot) []compare.Dot {
	var out []compare.Dot
	at := map[string]int{} // the place of a group among the dots
	flatness, errors, repetitions := map[string][]surface.Measured{}, map[string][]surface.Measured{}, map[string]int{}
	for i, dot := range dots {
		name := panels[i].Group
		if name == "" {
			out = append(out, dot)
			continue
		}
		if _, ok := at[name]; !ok {
			at[name] = len(out)
			out = append(out, compare.Dot{Name: name})
		}
		repetitions[name]++
		if known := dot.Flatness + dot.Error; math.IsNaN(known) || math.IsInf(known, 0) {
			continue
		}
		flatness[name] = append(flatness[name], surface.Measured{Value: dot.Flatness, AtLeast: dot.AtLeast})
		errors[name] = append(errors[name], surface.Measured{Value: dot.Error})
	}
	for name, i := range at {
		d := &out[i]
		flat, miss := surface.NewSummary("", flatness[name]), surface.NewSummary("", errors[name])
		d.Flatness, d.FlatnessBar, d.AtLeast = flat.Mean, flat.Deviation, flat.Bounds > 0
		d.Error, d.ErrorBar = miss.Mean, miss.Deviation
		if n := miss.Count; n > 0 && n < repetitions[name] {
			d.Name += fmt.Sprintf(" (%d of %d)", n, repetitions[name])
		}
	}
	return out
}
