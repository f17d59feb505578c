package sweepfile

import (
	"encoding/json"
	"fmt"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// Modes of batch normalization.
const (
	normRunning   = "running"
	normBatch     = "batch"
	normRecompute = "recompute"
)

// normChoice is a mode of batch normalization with its number of images; the zero value is the running statistics. As JSON it is running,
// {batch: N} or {recompute: N}.
type normChoice struct {
	mode   string
	images int
}

// MarshalJSON writes the form of sweep files.
func (n normChoice) MarshalJSON() ([]byte, error) {
	if n.images == 0 {
		return json.Marshal(normRunning)
	}
	return json.Marshal(map[string]int{n.mode: n.images})
}

// label writes the choice in characters that file names may hold.
func (n normChoice) Label() string {
	if n.images == 0 {
		return normRunning
	}
	return fmt.Sprintf("%s-%d", n.mode, n.images)
}

// norms is the type of the field batchnorm.
type norms struct{}

const normWant = "running, {batch: N} or {recompute: N}"

var normImages = syntax.Integer{Min: 2, Max: values.MaxRecords}

func (norms) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.IsScalar() && n.Text == normRunning {
		return normChoice{}
	}
	if n.Kind != syntax.MappingNode || len(n.Entries) != 1 || n.Entries[0].Key != normBatch && n.Entries[0].Key != normRecompute {
		return c.Reject(n, path, normWant)
	}
	e := n.Entries[0]
	if v, ok := normImages.Check(c, e.Value, syntax.Join(path, e.Key)).(int64); ok {
		return normChoice{e.Key, int(v)}
	}
	return nil
}

func (norms) Schema(known syntax.Names) syntax.Schema {
	only := func(key string) syntax.Schema {
		return syntax.Schema{"type": "object", "properties": syntax.Schema{key: normImages.Schema(known)}, "required": []string{key}, "additionalProperties": false}
	}
	return syntax.Schema{"anyOf": []syntax.Schema{{"const": normRunning}, only(normBatch), only(normRecompute)}}
}

var normField = syntax.Field{Name: "batchnorm", Type: norms{}, Default: normChoice{},
	Doc: "Statistics of batch normalization. running: stored by the training. {batch: 128}: of each batch of 128 images, as in training mode; the number of images is a multiple of it. " +
		"{recompute: 1000}: running ones, recomputed at each point from the first 1000 images of the training split, as between minimizers; not for second derivatives."}

// resolveNorm checks that a map can have its mode of batch normalization.
func (cfg *config) resolveNorm(c *syntax.Checker, m *mapConfig, item *syntax.Node) {
	n, at := m.BatchNorm, item.Place("batchnorm")
	if n.images == 0 {
		return
	}
	m.loss.norm = map[string]string{normBatch: "statistics of batches of %d", normRecompute: "statistics recomputed from %d images"}[n.mode]
	m.loss.norm = fmt.Sprintf(m.loss.norm, n.images)
	if item.Get("states") != nil {
		c.Addf(item.Place("states"), "compare.states has no effect with batchnorm: %s, which computes the statistics at each point; leave it out", n.mode)
	}
	if n.mode == normRecompute {
		switch {
		case m.Kind == mapHessian || m.Kind == mapSpectrum || m.Kind == mapSharpness:
			c.Addf(at, "maps.batchnorm: derivatives, as of a map of kind %s, have no recomputed statistics, which change with the weights; choose running or {batch: N}", m.Kind)
		case m.Directions.kind == directionsHessian:
			c.Addf(at, "maps.batchnorm: directions: hessian takes second derivatives, which have no recomputed statistics; choose running or {batch: N}, or other directions")
		case n.images > cfg.Dataset.Train:
			c.Addf(at, "maps.batchnorm: recompute asks for %d images of the training split, and dataset.train has %d", n.images, cfg.Dataset.Train)
		}
		return
	}
	for _, r := range m.Ranges {
		if have := r.To - r.From; have%n.images != 0 {
			fits := "take a smaller batch"
			if have > n.images {
				fits = fmt.Sprintf("take images: %d, or another batch", have-have%n.images)
			}
			c.Addf(at, "maps.batchnorm: the map's %d images of %s are not a multiple of the batch size %d; %s", have, strings.TrimSpace(r.Split), n.images, fits)
		}
	}
}

// batch is how many examples of a map's data one call takes.
func (m mapConfig) batch(d pipelines.MapData) int {
	if m.BatchNorm.mode == normBatch {
		return m.BatchNorm.images
	}
	return batchOf(d)
}

// norm is the mode of batch normalization in recipes, nil for running statistics.
func (m mapConfig) norm() *pipelines.BatchNorm {
	switch n := m.BatchNorm; n.mode {
	case normBatch:
		return &pipelines.BatchNorm{ByBatch: true}
	case normRecompute:
		return &pipelines.BatchNorm{Recompute: n.images, Size: min(evaluateBatch, n.images)}
	}
	return nil
}

// over is a map over data.
func (m mapConfig) over(p pipelines.MapParams, d pipelines.MapData) pipelines.MapParams {
	p.Data, p.Batch, p.BatchNorm = d, m.batch(d), m.norm()
	if p.Population = m.populations[d.Split]; p.Population == d.To-d.From {
		p.Population = 0
	}
	return p
}
