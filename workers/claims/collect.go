package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lossatlas/activities/results"
	"lossatlas/activities/safetensors"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/export"
)

// smallWeight is the size below which a weight counts as small.
const smallWeight = 0.01

// collector reads one exported sweep.
type collector struct {
	*export.Opened
	ctx context.Context
	out *Numbers
}

// collect takes the numbers and figures of an exported sweep into the folder of the page.
func collect(dir, folder string) error {
	opened, err := export.Open(dir)
	if err != nil {
		return err
	}
	c := &collector{opened, context.Background(), &Numbers{Sweep: opened.Sweep, Title: opened.Title, Program: opened.Program, Minutes: map[string]float64{}, CPUMinutes: map[string]float64{}, MapImages: map[string]int{}}}
	c.out.Command = "lossatlas run pipelines/" + c.Sweep + ".yaml"
	if c.SweepFile != nil && c.SweepFile.Preset != "" {
		c.out.Command += " --preset " + c.SweepFile.Preset
	}
	c.costs()
	for _, e := range c.Experiments {
		n, err := c.network(e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		c.out.Networks = append(c.out.Networks, n)
	}
	if err := c.interpolations(); err != nil {
		return err
	}
	if err := c.figures(folder); err != nil {
		return err
	}
	b, err := json.Marshal(c.out)
	if err != nil {
		return err
	}
	return export.WriteFile(filepath.Join(folder, c.Sweep+".json"), append(b, '\n'))
}

// costs counts steps and their times, and takes the digest over their outputs.
func (c *collector) costs() {
	var lines []string
	for _, st := range c.Steps {
		kind := pipelines.Kind(st.Kind)
		if st.Made == nil {
			continue
		}
		c.out.Steps++
		for _, kind := range []string{st.Kind, "all"} {
			c.out.Minutes[kind] += st.Made.Seconds / 60
			c.out.CPUMinutes[kind] += st.Made.CPUSeconds / 60
		}
		if n := st.Made.Numerics; n != "" && !slices.Contains(c.out.Numerics, n) {
			c.out.Numerics = append(c.out.Numerics, n)
		}
		if st.At.Role == pipelines.RoleMap && st.Recipe != nil {
			var p pipelines.MapParams // those of a Hessian map have the same name
			if err := json.Unmarshal(st.Recipe.Params, &p); err == nil {
				c.out.MapImages[st.At.Map] = p.Data.To - p.Data.From
			}
		}
		if kind == pipelines.KindRender || kind == pipelines.KindReport {
			continue // pictures follow from the rest, and a report names its run
		}
		for _, output := range slices.Sorted(maps.Keys(st.Outputs)) {
			lines = append(lines, st.ID+"/"+output+" "+st.Outputs[output].Digest.String())
		}
	}
	for kind, minutes := range c.out.Minutes {
		c.out.Minutes[kind] = math.Round(100*minutes) / 100
		c.out.CPUMinutes[kind] = math.Round(100*c.out.CPUMinutes[kind]) / 100
	}
	slices.Sort(c.out.Numerics)
	slices.Sort(lines)
	c.out.Digest = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n"))))
}

// network reads what was measured around one network.
func (c *collector) network(e results.Experiment) (Network, error) {
	n := Network{Name: e.Name, TrainLoss: e.TrainLoss, TestError: e.TestError, Widths: map[string][]Value{}, Correlations: map[string][]float64{}}
	surfaces := map[string]*surface.Grid{}
	profiles := map[string][]*surface.Grid{}
	hessians := map[string]*surface.Grid{}
	for _, st := range c.Steps {
		if st.At.Experiment != e.Name || len(st.Outputs) == 0 {
			continue
		}
		var err error
		switch st.At.Role {
		case pipelines.RoleWeights:
			err = c.training(&n, st)
		case pipelines.RolePath:
			err = c.path(&n, st)
		case pipelines.RoleMap:
			var g *surface.Grid
			if g, err = c.Results.Grid(c.ctx, st.ID); err != nil || g == nil || st.At.Split != "train" {
				break
			}
			switch of := st.At.Map; {
			case g.Curvature != nil:
				hessians[of] = g
			case g.IsLine():
				profiles[of] = append(profiles[of], g)
				err = n.addWidths(of, g)
			case pipelines.Kind(st.Kind) == pipelines.KindSurface && !c.isPlaneOfPath(e.Name, of):
				if err = n.addWidths(of, g); err == nil {
					n.Planes = append(n.Planes, planeOf(of, g)...)
					if st.At.Pair == 0 {
						surfaces[of] = g
					}
				}
			}
		}
		if err != nil {
			return n, err
		}
	}
	for _, of := range slices.Sorted(maps.Keys(profiles)) {
		n.Correlations[of] = correlations(profiles[of])
	}
	for of, h := range hessians { // "hessian2" lies in the plane of "surface2"
		name := strings.Replace(of, "hessian", "surface", 1)
		i := slices.IndexFunc(n.Planes, func(p Plane) bool { return p.Map == name })
		if s := surfaces[name]; s != nil && i >= 0 {
			n.Planes[i].addCurvature(s, h)
		}
	}
	return n, nil
}

// isPlaneOfPath says whether a map of an experiment is that of its path.
func (c *collector) isPlaneOfPath(experiment, of string) bool {
	return slices.ContainsFunc(c.Steps, func(s export.Step) bool {
		return s.At.Experiment == experiment && s.At.Map == of && s.At.Role == pipelines.RolePath
	})
}

// training reads the parameters of a training or an import, its log and its weights.
func (c *collector) training(n *Network, st export.Step) error {
	if st.Recipe == nil {
		return nil
	}
	var p pipelines.TrainParams // an import's parameters have the same names
	if err := json.Unmarshal(st.Recipe.Params, &p); err != nil {
		return err
	}
	n.Net, n.Optimizer, n.Rate, n.Decay = p.Net.String(), p.Optimizer.Kind, p.Optimizer.LR, p.Optimizer.WeightDecay
	n.Batch, n.Epochs, n.Seed, n.Images = p.BatchSize, p.Epochs, p.Seed, p.Data.Train
	log, err := c.Results.Log(c.ctx, st.ID)
	if err != nil {
		return err
	}
	if log != nil && log.Sound() && len(log.Epochs) > 0 {
		n.FirstLoss = float64(log.Epochs[0].TrainLoss)
		if p.Optimizer.Kind == "sgd" {
			updates := math.Ceil(float64(p.Data.Train) / float64(p.BatchSize))
			for _, e := range log.Epochs {
				n.Product += updates * float64(e.LR) * p.Optimizer.WeightDecay / (1 - p.Optimizer.Momentum)
			}
		}
	}
	n.Weights, err = results.Read(c.ctx, &c.Results, st.ID, pipelines.OutWeights, weightsOf)
	return err
}

// weightsOf measures the weights of convolutions and linear layers.
func weightsOf(b []byte) (*Weights, error) {
	tensors, _, err := safetensors.Decode(b)
	if err != nil {
		return nil, err
	}
	var count, sum, squares, small float64
	for _, t := range tensors {
		if len(t.Shape) < 2 {
			continue
		}
		for _, v := range t.Data {
			w := float64(v)
			count, sum, squares = count+1, sum+w, squares+w*w
			if math.Abs(w) < smallWeight {
				small++
			}
		}
	}
	if count == 0 {
		return nil, nil
	}
	m := sum / count
	return &Weights{Deviation: math.Sqrt(squares/count - m*m), Small: small / count}, nil
}

func (c *collector) path(n *Network, st export.Step) error {
	p, err := c.Results.Path(c.ctx, st.ID)
	if err != nil || p == nil || len(p.Ratio) < 2 {
		return err
	}
	n.Path = &Path{Points: len(p.Epochs), First: p.Ratio[0], Second: p.Ratio[1], Random: p.RandomRatio, NormFrom: p.Norm[0], NormTo: p.Norm[len(p.Norm)-1]}
	return nil
}

// addWidths adds the widths of a line or a surface, one for each axis.
func (n *Network) addWidths(of string, g *surface.Grid) error {
	f, err := g.Flatness(surface.FlatnessOptions{Levels: []float64{level}})
	if err != nil {
		return err
	}
	for _, w := range f.Widths[0] {
		if !math.IsNaN(w.Value) {
			n.Widths[of] = append(n.Widths[of], Value{V: w.Value, AtLeast: w.AtLeast})
		}
	}
	return nil
}

// correlations are those between the logarithms of the losses along each two lines.
func correlations(lines []*surface.Grid) (out []float64) {
	for i, a := range lines {
		for _, b := range lines[:i] {
			if len(a.Loss) != len(b.Loss) {
				continue
			}
			var x, y []float64
			for k := range a.Loss {
				u, v := math.Log(a.Loss[k]), math.Log(b.Loss[k])
				if !math.IsNaN(u+v) && !math.IsInf(u+v, 0) {
					x, y = append(x, u), append(y, v)
				}
			}
			if len(x) > 2 {
				out = append(out, pearson(x, y))
			}
		}
	}
	return out
}

// planeOf measures a surface; nothing where no point of it can be judged.
func planeOf(of string, g *surface.Grid) []Plane {
	f := g.Field()
	nx, ny := len(f.X), len(f.Y)
	center := g.At(0, 0)
	p := Plane{Map: of, Points: nx * ny, Center: center, Height: Value{V: math.NaN()}, Contour: contourOf(g)}
	if !math.IsNaN(center) {
		switch h := f.ConvexHeight(center); {
		case !math.IsNaN(h.Value):
			p.Height = Value{V: h.Value, AtLeast: h.AtLeast}
		default: // no contour is convex: the basin is lower than all of them
			least := inf
			for i, v := range f.Z {
				if f.OK[i] && v > center {
					least = min(least, v)
				}
			}
			p.Height = Value{V: least - center, AtMost: true}
		}
	}
	judged, away, convex := 0, 0, 0
	for i := range f.Z {
		is, ok := f.IsConvex(i)
		x, y := f.X[i%nx], f.Y[i/nx]
		if !ok || x == 0 && y == 0 {
			continue
		}
		judged++
		if is {
			convex++
		}
		gx := (f.Z[i+1] - f.Z[i-1]) / (f.X[i%nx+1] - f.X[i%nx-1])
		gy := (f.Z[i+nx] - f.Z[i-nx]) / (f.Y[i/nx+1] - f.Y[i/nx-1])
		if gx*x+gy*y < 0 { // the loss falls outwards
			away++
		}
	}
	if judged == 0 || math.IsNaN(center) || math.IsInf(center, 0) {
		return nil
	}
	p.Away, p.Convex = float64(away)/float64(judged), float64(convex)/float64(judged)
	return []Plane{p}
}

// addCurvature compares |λmin/λmax| at the points of a Hessian map with the convexity of the surface there.
func (p *Plane) addCurvature(s, h *surface.Grid) {
	f := s.Field()
	var convex, not []float64
	for i := range h.Loss {
		ratio := math.Abs(h.Curvature.LambdaMin[i] / h.Curvature.LambdaMax[i])
		at, found := pointAt(s, h.X[i%len(h.X)], h.Y[i/len(h.X)])
		if math.IsNaN(ratio) || !found {
			continue
		}
		switch is, ok := f.IsConvex(at); {
		case ok && is:
			convex = append(convex, ratio)
		case ok:
			not = append(not, ratio)
		}
	}
	p.NotConvex, p.IsConvex = len(not), len(convex)
	if v := auc(not, convex); !math.IsNaN(v) {
		p.AUC = &v
	}
}

// pointAt is the point of a lattice at (x, y).
func pointAt(g *surface.Grid, x, y float64) (int, bool) {
	near := func(axis []float64, v float64) int {
		return slices.IndexFunc(axis, func(a float64) bool { return math.Abs(a-v) < 1e-9 })
	}
	i, j := near(g.X, x), near(g.Y, y)
	return j*len(g.X) + i, i >= 0 && j >= 0
}

// interpolations reads the widths along the lines between the small and the large batch.
func (c *collector) interpolations() error {
	for _, st := range c.Steps {
		if st.At.Comparison == "" || st.At.Role != pipelines.RoleMap || st.At.Split != "train" || len(st.Outputs) == 0 {
			continue
		}
		at := slices.IndexFunc(c.Comparisons, func(k results.Comparison) bool { return k.Name == st.At.Comparison })
		if at < 0 || len(c.Comparisons[at].Between) != 2 {
			continue
		}
		g, err := c.Results.Grid(c.ctx, st.ID)
		if err != nil {
			return err
		}
		var ends [2]Network
		for i, name := range c.Comparisons[at].Between {
			j := slices.IndexFunc(c.out.Networks, func(n Network) bool { return n.Name == name })
			if j < 0 {
				return fmt.Errorf("comparison %s is between %s, which is no experiment", st.At.Comparison, name)
			}
			ends[i] = c.out.Networks[j]
		}
		first, second := towards(g, 0, 1), towards(g, 1, 0)
		if ends[0].Batch > ends[1].Batch {
			first, second = second, first
		}
		c.out.Interpolations = append(c.out.Interpolations, Interpolation{Optimizer: ends[0].Optimizer, Decay: ends[0].Decay, Seed: ends[0].Seed, Small: first, Large: second})
	}
	return nil
}

// towards is how far from one end of a line the loss stays within level of that at the end, at most to the other end.
func towards(g *surface.Grid, from, to float64) Value {
	way := to - from
	return rise(func(t float64) float64 { return g.At(from+t*way, 0) }, g.At(from, 0)+level, math.Abs(way), 10*len(g.X))
}

// rise is the distance along a way of the given length, from t = 0 to 1, at which the loss first exceeds a limit; NaN if it does at t = 0.
// The loss is interpolated linearly between the steps. The distance to a loss that is not finite, or to the end, is a lower bound.
func rise(loss func(t float64) float64, limit, length float64, steps int) Value {
	before := loss(0)
	if !(before <= limit) {
		return Value{V: math.NaN()}
	}
	for i := 1; i <= steps; i++ {
		at := float64(i-1) / float64(steps)
		here := loss(float64(i) / float64(steps))
		if math.IsNaN(here) || math.IsInf(here, 0) {
			return Value{V: length * at, AtLeast: true}
		}
		if here > limit {
			return Value{V: length * (at + (limit-before)/(here-before)/float64(steps))}
		}
		before = here
	}
	return Value{V: length, AtLeast: true}
}

// contourOf measures the contour at contourLevel around the center, in contourRays directions of the plane; nil where the center lies
// above it.
func contourOf(g *surface.Grid) *Contour {
	reach := math.Hypot(max(-g.X[0], g.X[len(g.X)-1]), max(-g.Y[0], g.Y[len(g.Y)-1]))
	var radii []Value
	for i := range contourRays {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / contourRays)
		r := rise(func(t float64) float64 { return g.At(t*reach*cos, t*reach*sin) }, contourLevel, reach, 20*max(len(g.X), len(g.Y)))
		if !r.known() || r.V == 0 {
			return nil
		}
		r.V = math.Log(r.V)
		radii = append(radii, r)
	}
	longest := slices.MaxFunc(radii, func(a, b Value) int { return cmp.Compare(a.V, b.V) })
	shortest := slices.MinFunc(radii, func(a, b Value) int { return cmp.Compare(a.V, b.V) })
	elongation := minus(longest, shortest)
	if slices.ContainsFunc(radii, func(r Value) bool { return r.AtLeast }) {
		elongation = Value{V: math.NaN()} // the shortest or the longest may be another one
	}
	return &Contour{LogRadius: mean(radii), LogElongation: elongation}
}

// figures copies the pictures over all experiments.
func (c *collector) figures(folder string) error {
	for _, st := range c.Steps {
		if st.At.Role != pipelines.RoleFigure {
			continue
		}
		b, err := c.Results.Bytes(c.ctx, st.ID, pipelines.OutPNG)
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := export.WriteFile(filepath.Join(folder, c.Sweep+"-"+st.At.Figure+".png"), b); err != nil {
			return err
		}
		c.out.Figures = append(c.out.Figures, st.At.Figure)
	}
	return nil
}
