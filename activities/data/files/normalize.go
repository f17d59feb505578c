package files

import (
	"lossatlas/activities/data"
	"lossatlas/activities/problem"
)

// normalize gives the collection its problem, with the normalization that was asked for.
func (f *found) normalize(c *data.Collection, src *source, p problem.Problem, opts Options) error {
	c.Problem, src.problem = p, p
	switch how := opts.normalization(p); {
	case len(opts.Mean)+len(opts.Deviation) > 0:
		p.Mean, p.Deviation = opts.Mean, opts.Deviation
	case how == UnitRange:
		p.Mean, p.Deviation = []float64{0}, []float64{255}
		if opts.Normalization == "" {
			f.note("networks get bytes divided by 255")
		}
	case how == Computed:
		if err := f.compute(c, &p); err != nil {
			return err
		}
	}
	if err := p.Check(); err != nil {
		return fault(src.path, "%v", err)
	}
	c.Problem, src.problem, c.Notes = p, p, f.notes
	return nil
}

func (o Options) normalization(p problem.Problem) string {
	if o.Normalization == "" && p.Type == problem.Uint8 && p.IsImage() {
		return UnitRange
	}
	return o.Normalization
}

// compute sets mean and deviation of the training split.
func (f *found) compute(c *data.Collection, p *problem.Problem) error {
	if p.Type == problem.Int32 {
		return fault(f.parts[0].path, "has indices, which are not normalized: leave the normalization out, or read them as %s", problem.Float32)
	}
	channels, err := data.Measure(c, data.Train)
	if err != nil {
		return err
	}
	constant := 0
	for _, ch := range channels {
		if ch.Deviation == 0 {
			ch.Deviation = 1
			constant++
		}
		p.Mean, p.Deviation = append(p.Mean, ch.Mean), append(p.Deviation, ch.Deviation)
	}
	f.note("mean and deviation were computed over the %d examples of the training split", len(c.Source.(*source).splits[data.Train].order))
	if constant > 0 {
		f.note("%d of %d channels are constant; their deviation is taken as 1", constant, len(channels))
	}
	return nil
}
