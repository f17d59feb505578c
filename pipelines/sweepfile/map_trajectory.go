package sweepfile

import (
	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

const mapTrajectory = "trajectory"

// trajectoryMap is the path of a training, and the loss in the plane of its
// first two principal components.
var trajectoryMap = mapKind{
	name:   mapTrajectory,
	doc:    "the path of the training, and the loss in the plane of its first two principal components; train.checkpoints says which weights it leads through.",
	shared: []string{"normalize", "ignore", "x", "y", "resolution"},
	own: []syntax.Field{
		{Name: "margin", Doc: "Room around the path on each side, as a fraction of its extent along that axis.", Type: syntax.Number{Min: 0, Max: 100}, Default: 0.15},
	},
	splits:  []string{splitTrain},
	resolve: resolveTrajectory,
	add:     addTrajectory,
}

// trajectoryConfig holds the fields of a trajectory alone.
type trajectoryConfig struct {
	Margin float64 `field:"margin"`
}

// minCheckpoints is how many weights before the last ones span a plane with them.
const minCheckpoints = 2

// resolveTrajectory checks that the training keeps what a map of its path needs.
func resolveTrajectory(cfg *config, c *syntax.Checker, m *mapConfig, tree *syntax.Node) {
	t := &cfg.Train
	switch kept := len(t.kept()); {
	case len(t.Along) > 0 && kept < minCheckpoints:
		c.Addf(tree.Place("kind"), "maps: a map of kind trajectory needs at least %d checkpoints, and train.path names %d", minCheckpoints+1, kept+1)
	case t.Path != "": // what is wrong with it is reported already
	case t.Import != "":
		c.Addf(tree.Place("kind"), "maps: a map of kind trajectory follows a training, and imported weights have none; leave it out, train with train.checkpoints, or name the weights along the training by train.path")
	case t.Checkpoints == nil:
		c.Addf(tree.Place("kind"), "maps: a map of kind trajectory needs the weights along the training; write checkpoints: 1 under train to keep those of every epoch")
	case kept < minCheckpoints:
		c.Addf(tree.Place("kind"), "maps: a map of kind trajectory needs at least %d checkpoints before the last epoch, train.checkpoints keeps %d of %d epochs; keep more, as checkpoints: 1",
			minCheckpoints, kept, t.Epochs)
	}
	if m.X != nil && m.Y != nil && tree.Get("margin") != nil {
		c.Addf(tree.Place("margin"), "maps.margin has no effect beside both x and y; leave it out")
	}
}

// addTrajectory adds the steps of a training's path: its principal components,
// the loss in their plane for each split, and the pictures.
func addTrajectory(b *builder, m mapConfig, train string) {
	t := b.config.Train
	tp := pipelines.TrajectoryParams{Net: b.config.network(), Problem: b.config.Problem, Ignore: m.Ignore, Normalize: m.Normalize, Seed: m.Seed, RateChanges: []int{}}
	for _, d := range t.Optimizer.Schedule.Drops {
		if t.Import != "" {
			break // the rates of a training elsewhere are not known
		}
		tp.RateChanges = append(tp.RateChanges, d.Epoch)
	}
	weights := pipelines.Ref{Step: train, Output: pipelines.OutWeights}
	inputs := map[string]pipelines.Ref{pipelines.OutWeights: weights}
	for _, epoch := range t.kept() {
		tp.Epochs = append(tp.Epochs, epoch)
		inputs[pipelines.OutCheckpoint(epoch)] = pipelines.Ref{Step: train, Output: pipelines.OutCheckpoint(epoch)}
	}
	tp.Epochs = append(tp.Epochs, t.Epochs)
	path := b.add(m.Name+"-path", pipelines.Address{Map: m.Name, Role: pipelines.RolePath}, pipelines.KindTrajectory, tp, inputs)
	mp := pipelines.MapParams{Net: b.config.network(), X: pipelines.Axis{N: m.Resolution[0]}, Y: &pipelines.Axis{N: m.Resolution[1]}}
	inputs = map[string]pipelines.Ref{pipelines.OutWeights: weights, pipelines.OutDirections: {Step: path, Output: pipelines.OutDirections}}
	if m.X != nil {
		mp.X.Min, mp.X.Max = m.X[0], m.X[1]
	}
	if m.Y != nil {
		mp.Y.Min, mp.Y.Max = m.Y[0], m.Y[1]
	}
	if m.X == nil || m.Y == nil {
		mp.Fit = &pipelines.Fit{X: m.X == nil, Y: m.Y == nil, Margin: m.Margin}
		inputs[pipelines.OutPath] = pipelines.Ref{Step: path, Output: pipelines.OutPath}
	}
	for _, r := range m.Ranges {
		mp = over(mp, b.mapData(r))
		grid := b.add(m.Name+"-"+r.Split, pipelines.Address{Map: m.Name, Split: r.Split, Role: pipelines.RoleMap}, pipelines.KindSurface, mp, inputs)
		if !b.draws(plotTrajectory) {
			continue
		}
		drawn := map[string]pipelines.Ref{pipelines.OutGrid: {Step: grid, Output: pipelines.OutGrid}, pipelines.OutPath: {Step: path, Output: pipelines.OutPath}}
		params := pipelines.RenderParams{Plot: plotTrajectory, Title: b.mapTitle(m) + " · " + b.config.lossOf(r.Split)}
		b.addPicture(m.Name+"-"+r.Split+"-plot", pipelines.Address{Map: m.Name, Split: r.Split}, params, "Path of the training over the "+b.config.lossOf(r.Split), drawn)
	}
}
