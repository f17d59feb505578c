package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
	"lossatlas/activities/optim"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
	"lossatlas/pipelines"
)

// followPath analyses the path of a training (section 7 of the paper): the
// principal components of the weights kept along it, less the last ones, and
// the path's coordinates along the first two of them and along two random directions.
func followPath(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.TrajectoryParams](r.Job)
	if err != nil {
		return nil, err
	}
	net, theta, _, err := r.minimizer(ctx, p.Net, p.Problem)
	if err != nil {
		return nil, err
	}
	r.Pulse.Note("reading the path")
	if len(p.Epochs) == 0 {
		return nil, Permanent("BadStep", fmt.Errorf("%s: a path of no epochs", r.Label))
	}
	points := &keptPoints{r: r, net: net, center: theta, inputs: p.Points(), origin: len(p.Epochs) - 1}
	pca, err := trajectory.Analyze(ctx, points, counted(net, directions.Ignore(p.Ignore)), 2, trajectory.Options{
		Progress: func(done, total int) { r.Pulse.Progress(Progress{Done: done, Total: total, Unit: "point"}) },
	})
	if errors.Is(err, trajectory.ErrFlat) {
		return nil, Permanent("FlatPath", fmt.Errorf(
			"%s: %w; keep the weights of more epochs (train.checkpoints), and see that the learning rate moves them", r.Label, err))
	}
	if err != nil {
		return nil, err
	}
	axes := [][]float32{narrowed(pca.Components[0]), narrowed(pca.Components[1])}
	r.Pulse.Note("projecting the path")
	path, err := follow(ctx, points, p, pca, axes)
	if err != nil {
		return nil, err
	}
	encoded, err := path.Encode()
	if err != nil {
		return nil, Permanent("BadPath", fmt.Errorf("%s: %w", r.Label, err))
	}
	dirs, err := directions.Encode(net.Params(), axes, map[string]string{
		"ignore": p.Ignore, "explained_variance_ratio_0": fmt.Sprintf("%.9g", pca.Ratio[0]), "explained_variance_ratio_1": fmt.Sprintf("%.9g", pca.Ratio[1]),
	})
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutPath: encoded, pipelines.OutDirections: dirs})
}

// keptPoints reads the points of a path from the step's inputs.
type keptPoints struct {
	r      *Run
	net    *nets.Net
	center []float32 // the weights at the origin
	inputs []string
	origin int
}

func (k *keptPoints) Len() int    { return len(k.inputs) }
func (k *keptPoints) Size() int   { return len(k.center) }
func (k *keptPoints) Origin() int { return k.origin }

func (k *keptPoints) At(ctx context.Context, i int, to []float32) error {
	if i == k.origin {
		copy(to, k.center)
		return nil
	}
	theta, _, err := k.r.weightsOf(ctx, k.net, k.inputs[i])
	copy(to, theta)
	return err
}

// counted marks the parameters that principal components have entries for; nil for all.
func counted(net *nets.Net, ignore directions.Ignore) []bool {
	if ignore != directions.BiasBN {
		return nil
	}
	keep := make([]bool, net.NumParams())
	for _, p := range net.Params() {
		for i := range p.Size {
			keep[p.Offset+i] = p.Role.IsWeight()
		}
	}
	return keep
}

func narrowed(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// follow gives the path its coordinates along the principal components, as
// surfaces use them, and along the random directions.
func follow(ctx context.Context, points *keptPoints, p pipelines.TrajectoryParams, pca *trajectory.PCA, axes [][]float32) (*trajectory.Path, error) {
	table := points.net.Params()
	random := make([][]float32, 2)
	for i := range random {
		random[i] = directions.Sample(table, p.Seed, i)
		if err := directions.Normalize(table, random[i], points.center, directions.Normalization(p.Normalize), directions.Ignore(p.Ignore)); err != nil {
			return nil, Permanent("BadDirections", err)
		}
	}
	var planes []*trajectory.Plane
	for _, dirs := range [][][]float32{axes, random} {
		plane, err := trajectory.NewPlane(dirs[0], dirs[1])
		if err != nil {
			return nil, Permanent("BadDirections", fmt.Errorf("%s: %w", points.r.Label, err))
		}
		planes = append(planes, plane)
	}
	seen, err := trajectory.Project(ctx, points, planes...)
	if err != nil {
		return nil, err
	}
	total := 0.0
	for _, v := range pca.Variance {
		total += v
	}
	epochs, others := slices.Clone(p.Epochs), []trajectory.OtherPath(nil)
	for _, o := range p.Others {
		epochs, others = append(epochs, o.Epochs...), append(others, trajectory.OtherPath{Points: len(o.Epochs), RateChanges: o.RateChanges})
	}
	return &trajectory.Path{
		Epochs: epochs, Others: others, PCA: seen.Coordinates[0], Random: seen.Coordinates[1],
		Variance: pca.Variance, Ratio: pca.Ratio, PCACosine: planes[0].Cosine(), RandomCosine: planes[1].Cosine(),
		RandomRatio: planes[1].Variance(seen.Coordinates[1]) / total, RateChanges: p.RateChanges, Norm: seen.Norm, Distance: seen.Distance,
	}, nil
}

// fitted lays a map's axes around the path that it is to show, or over its range.
func (r *Run) fitted(ctx context.Context, p pipelines.MapParams) (pipelines.MapParams, error) {
	var loading error
	p, err := results.Fit(p, r.Recipe.Inputs, func(name string) (b []byte, err error) { b, loading = r.input(ctx, name); return b, loading })
	if err != nil && loading == nil {
		return p, Permanent("BadRange", fmt.Errorf("%s: %w", r.Label, err))
	}
	return p, err
}

// pathLoss is the loss at the points of a path, with the running statistics that each of them has, cut into chunks.
type pathLoss struct {
	*Run
	p      pipelines.PathLossParams
	chunks [][]int // the indices of the points of each
}

func cutPathLoss(ctx context.Context, r *Run) (Chunks, error) {
	p, err := params[pipelines.PathLossParams](r.Job)
	if err != nil {
		return nil, err
	}
	net, err := r.network(ctx, p.Net, p.Data.Problem)
	if err != nil {
		return nil, err
	}
	n := len(p.Points)
	per := surface.PointsPerChunk(net.MACs(), p.Data.To-p.Data.From, n)
	return &pathLoss{r, p, surface.Chunks(surface.Rounds(n, 1), per)}, nil
}

func (l *pathLoss) Sizes() []int { return sizes(l.chunks) }

// Chunk evaluates the loss at the points of one chunk.
func (l *pathLoss) Chunk(ctx context.Context, chunk int) ([]byte, error) {
	e, release, err := l.evaluator(ctx, pipelines.MapParams{Net: l.p.Net, Data: l.p.Data, Batch: l.p.Batch, BatchNorm: l.p.BatchNorm})
	if err != nil {
		return nil, err
	}
	defer release()
	net, err := l.network(ctx, l.p.Net, l.p.Data.Problem)
	if err != nil {
		return nil, err
	}
	l.begin("chunk", chunk)
	var points []surface.Point
	for i, index := range l.chunks[chunk] {
		theta, state, err := l.weightsOf(ctx, net, l.p.Points[index])
		if err != nil {
			return nil, err
		}
		v, err := evaluateAt(ctx, e, optim.Checkpoint{Theta: theta, State: state})
		if err != nil {
			return nil, err
		}
		points = append(points, surface.Point{Index: index, Loss: v.Loss + l.p.Decay/2*math.Pow(directions.Norm(theta), 2), Accuracy: v.Score})
		l.Pulse.Progress(Progress{Done: i + 1, Total: len(l.chunks[chunk]), Unit: "point", Points: len(l.chunks[chunk])})
		l.countPoint(ctx, l.p.Data.To-l.p.Data.From)
	}
	return surface.EncodePoints(points), nil
}

// Join puts the losses of all chunks in the order of the path.
func (l *pathLoss) Join(ctx context.Context, chunks [][]byte) (Outputs, error) {
	out := trajectory.Losses{Loss: make([]trainlog.Number, len(l.p.Points)), Score: make([]trainlog.Number, len(l.p.Points))}
	for i, b := range chunks {
		points, err := surface.DecodePoints(b)
		if err != nil {
			return nil, Permanent("BadChunk", fmt.Errorf("%s: chunk %d: %w", l.Label, i, err))
		}
		for _, p := range points {
			if p.Index >= len(out.Loss) {
				return nil, Permanent("BadChunk", fmt.Errorf("%s: chunk %d has a point %d of %d", l.Label, i, p.Index, len(out.Loss)))
			}
			out.Loss[p.Index], out.Score[p.Index] = trainlog.Number(p.Loss), trainlog.Number(p.Accuracy)
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	return l.put(ctx, map[string][]byte{pipelines.OutLosses: b})
}
