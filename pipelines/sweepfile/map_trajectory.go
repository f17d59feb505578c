package sweepfile

import (
	"fmt"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

const mapTrajectory = "trajectory"

// trajectoryMap is the path of a training, and the loss in the plane of its
// first two principal components.
var trajectoryMap = mapKind{
	name:    mapTrajectory,
	doc:     "the path of the training, and the loss in the plane of its first two principal components; train.checkpoints says which weights it leads through.",
	shared:  []string{"normalize", "ignore", "x", "y", "resolution", "error"},
	own:     []syntax.Field{marginField},
	splits:  []string{values.SplitTrain},
	resolve: resolveTrajectory,
	add:     addTrajectory,
}

var marginField = syntax.Field{Name: "margin", Doc: "Room around the path on each side, as a fraction of its extent along that axis.",
	Type: syntax.Number{Min: 0, Max: 100}, Default: 0.15}

// trajectoryConfig holds the fields of a trajectory alone.
type trajectoryConfig struct {
	Margin float64 `field:"margin"`
}

// minCheckpoints is how many weights before the last ones span a plane with them.
const minCheckpoints = 2

// resolveTrajectory checks that the training keeps the checkpoints that a map of its path needs.
func resolveTrajectory(cfg *config, c *syntax.Checker, m *mapConfig, tree *syntax.Node) {
	if problem := cfg.Train.pathProblem(); problem != "" && tree.Get(ofKey) == nil { // the trainings of a comparison are not chosen yet
		c.Addf(tree.Place("kind"), "maps: a map of kind trajectory %s", problem)
	}
	if m.X != nil && m.Y != nil && tree.Get("margin") != nil {
		c.Addf(tree.Place("margin"), "margin has no effect where both x and y are given; leave it out")
	}
}

// pathProblem says why the training has no path to be mapped, "" if it has one.
func (t *trainConfig) pathProblem() string {
	switch kept := len(t.kept()); {
	case len(t.Along) > 0 && kept < minCheckpoints:
		return fmt.Sprintf("needs at least %d checkpoints, and train.path names %d", minCheckpoints+1, kept+1)
	case t.Path != "": // its mistakes are reported already
	case t.Import != "":
		return "follows a training, but the weights are imported; leave it out, train with train.checkpoints, or name the weights along the training by train.path"
	case t.Checkpoints == nil:
		return "needs the weights along the training; write checkpoints: 1 under train to keep them after every epoch"
	case kept < minCheckpoints:
		return fmt.Sprintf("needs at least %d checkpoints before the last epoch, train.checkpoints keeps %d of %d epochs; keep more, as checkpoints: 1", minCheckpoints, kept, t.Epochs)
	}
	return ""
}

// pathSource is a training whose path is mapped, and the step that it is.
type pathSource struct {
	train trainConfig
	step  string
}

// epochs are the epochs of the path's points.
func (f pathSource) epochs() []int { return append(f.train.kept(), f.train.Epochs) }

// rateChanges are the epochs after which the rate was changed, empty for a training elsewhere.
func (f pathSource) rateChanges() []int {
	out := []int{}
	for _, d := range f.train.Optimizer.Schedule.Drops {
		if f.train.Import == "" {
			out = append(out, d.Epoch)
		}
	}
	return out
}

// addTrajectory adds the steps of a training's path.
func addTrajectory(b *builder, m mapConfig, train string) {
	b.addPaths(m, m.Name+"-", b.mapTitle(m), pathSource{b.config.Train, train})
}

// addPaths adds the steps of the paths of one or several trainings, whose names begin with prefix: the principal
// components of all points, the loss in their plane around the last weights of the first training for each split, the loss at the points themselves, and the pictures.
func (b *builder) addPaths(m mapConfig, prefix, title string, first pathSource, others ...pathSource) {
	tp := pipelines.TrajectoryParams{Net: b.config.network(), Problem: b.config.Problem, Ignore: m.Ignore, Normalize: m.Normalize, Seed: m.Seed,
		Epochs: first.epochs(), RateChanges: first.rateChanges()}
	for _, f := range others {
		tp.Others = append(tp.Others, pipelines.OtherPath{Epochs: f.epochs(), RateChanges: f.rateChanges()})
	}
	points := make(map[string]pipelines.Ref)
	inputs := tp.Points()
	for _, f := range append([]pathSource{first}, others...) {
		n := len(f.epochs())
		for _, input := range inputs[:n] {
			output := input[strings.LastIndex(input, "/")+1:]
			points[input] = pipelines.Ref{Step: f.step, Output: output}
		}
		inputs = inputs[n:]
	}
	path := b.add(prefix+"path", pipelines.Address{Map: m.Name, Role: pipelines.RolePath}, pipelines.KindTrajectory, tp, points)
	mp := b.plane(m)
	around := map[string]pipelines.Ref{pipelines.OutWeights: points[pipelines.OutWeights], pipelines.OutDirections: {Step: path, Output: pipelines.OutDirections}}
	if mp.Fit != nil {
		around[pipelines.OutPath] = pipelines.Ref{Step: path, Output: pipelines.OutPath}
	}
	caption := "Path of the training over the "
	if len(others) > 0 {
		caption = "Paths of the trainings over the "
	}
	for _, r := range m.Ranges {
		at := pipelines.Address{Map: m.Name, Split: r.Split}
		mp = m.over(mp, b.mapData(m, r))
		grid := b.addMap(m, prefix+r.Split, at, pipelines.KindSurface, mp, around)
		at.Role = pipelines.RolePathLoss
		losses := b.add(prefix+r.Split+"-losses", at, pipelines.KindPathLoss,
			pipelines.PathLossParams{Net: mp.Net, Data: mp.Data, Batch: mp.Batch, Points: tp.Points(), Decay: m.loss.Decay, BatchNorm: mp.BatchNorm}, points)
		if !b.draws(plotTrajectory) {
			continue
		}
		drawn := map[string]pipelines.Ref{pipelines.OutGrid: {Step: grid, Output: pipelines.OutGrid}, pipelines.OutPath: {Step: path, Output: pipelines.OutPath},
			pipelines.OutLosses: {Step: losses, Output: pipelines.OutLosses}}
		loss := m.loss.over(r.Split)
		params := pipelines.RenderParams{Plot: plotTrajectory, Title: title + " · " + loss}
		b.addPicture(prefix+r.Split+"-plot", pipelines.Address{Map: m.Name, Split: r.Split}, m.loss.on(params), caption+loss+m.Error.Note(), drawn)
	}
}
