package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"lossatlas/activities/directions"
	"lossatlas/activities/optim"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
	"lossatlas/pipelines"
)

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
