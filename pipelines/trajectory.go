package pipelines

// minCheckpoints is how many weights before the last ones span a plane with them.
const minCheckpoints = 2

// resolvePath checks that the training keeps what a map of its path needs.
func (t *trainConfig) resolvePath(c *checker, m *mapConfig, tree *node) {
	switch kept := len(t.kept()); {
	case t.Import != "":
		c.addf(tree.place("kind"), "maps: a map of kind trajectory follows a training, and imported weights have none; leave it out, or train with train.checkpoints")
	case t.Checkpoints == nil:
		c.addf(tree.place("kind"), "maps: a map of kind trajectory needs the weights along the training; write checkpoints: 1 under train to keep those of every epoch")
	case kept < minCheckpoints:
		c.addf(tree.place("kind"), "maps: a map of kind trajectory needs at least %d checkpoints before the last epoch, train.checkpoints keeps %d of %d epochs; keep more, as checkpoints: 1",
			minCheckpoints, kept, t.Epochs)
	}
	if m.X != nil && m.Y != nil && tree.get("margin") != nil {
		c.addf(tree.place("margin"), "maps.margin has no effect beside both x and y; leave it out")
	}
}

// addTrajectory adds the steps of a training's path: its principal components,
// the loss in their plane for each split, and the pictures.
func (b *builder) addTrajectory(m mapConfig, train string) error {
	t := b.config.Train
	tp := TrajectoryParams{Net: b.config.network(), Problem: b.config.Problem, Ignore: m.Ignore, Normalize: m.Normalize, Seed: m.Seed, RateChanges: []int{}}
	for _, d := range t.Optimizer.Schedule.Drops {
		tp.RateChanges = append(tp.RateChanges, d.Epoch)
	}
	weights := Ref{Step: train, Output: OutWeights}
	inputs := map[string]Ref{OutWeights: weights}
	for _, epoch := range t.kept() {
		tp.Epochs = append(tp.Epochs, epoch)
		inputs[OutCheckpoint(epoch)] = Ref{Step: train, Output: OutCheckpoint(epoch)}
	}
	tp.Epochs = append(tp.Epochs, t.Epochs)
	path, err := b.add(m.Name+"-path", Address{Map: m.Name, Role: RolePath}, KindTrajectory, tp, inputs)
	if err != nil {
		return err
	}
	mp := MapParams{Net: b.config.network(), X: Axis{N: m.Resolution[0]}, Y: &Axis{N: m.Resolution[1]}, Batch: evaluateBatch}
	inputs = map[string]Ref{OutWeights: weights, OutDirections: {Step: path, Output: OutDirections}}
	if m.X != nil {
		mp.X.Min, mp.X.Max = m.X[0], m.X[1]
	}
	if m.Y != nil {
		mp.Y.Min, mp.Y.Max = m.Y[0], m.Y[1]
	}
	if m.X == nil || m.Y == nil {
		mp.Fit = &Fit{X: m.X == nil, Y: m.Y == nil, Margin: m.Margin}
		inputs[OutPath] = Ref{Step: path, Output: OutPath}
	}
	title := b.mapTitle(m)
	for _, r := range m.Ranges {
		mp.Data = b.mapData(r)
		grid, err := b.add(m.Name+"-"+r.Split, Address{Map: m.Name, Split: r.Split, Role: RoleMap}, KindSurface, mp, inputs)
		if err != nil {
			return err
		}
		if !b.draws(plotTrajectory) {
			continue
		}
		drawn := map[string]Ref{OutGrid: {Step: grid, Output: OutGrid}, OutPath: {Step: path, Output: OutPath}}
		params := RenderParams{Plot: plotTrajectory, Title: title + " · " + splitLoss[r.Split]}
		if err := b.addPicture(m.Name+"-"+r.Split+"-plot", Address{Map: m.Name, Split: r.Split}, params, "Path of the training over the "+splitLoss[r.Split], drawn); err != nil {
			return err
		}
	}
	return nil
}
