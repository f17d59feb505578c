package data

import (
	"encoding/binary"
	"math"

	"lossatlas/activities/problem"
)

// Channel describes the numbers that the examples of a split have in one channel or feature.
type Channel struct {
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
	// Deviation is the standard deviation, the root of the mean square of the distance from the mean.
	Deviation float64 `json:"deviation"`
}

// Measure reads a split once and describes its numbers before normalization, in
// float64, for each channel of images and each feature of vectors.
func Measure(c *Collection, split string) ([]Channel, error) {
	size, err := c.Size(split)
	if err != nil || size == 0 {
		return nil, err
	}
	m := newMoments(c.Problem)
	err = c.eachBlock(splitSize{split, size}, max(1, ChunkSize/c.Problem.Bytes()), func(_ Split, examples []byte) error {
		m.add(examples)
		return nil
	})
	return m.channels(size), err
}

// moments sums numbers by channel. Distances are from the channel's first
// number, which keeps the sums of squares small where the mean is large.
type moments struct {
	p                    problem.Problem
	all                  []Channel // Min and Max so far
	origin, sum, squares []float64
	started              bool
}

func newMoments(p problem.Problem) *moments {
	n := p.Shape[len(p.Shape)-1]
	if p.ChannelsFirst {
		n = p.Shape[0]
	}
	return &moments{p: p, all: make([]Channel, n), origin: make([]float64, n), sum: make([]float64, n), squares: make([]float64, n)}
}

// add counts whole examples.
func (m *moments) add(examples []byte) {
	width := m.p.Bytes() / m.p.Size()
	plane := m.p.Size() / len(m.all)
	for i := range len(examples) / width {
		k := i % len(m.all)
		if m.p.ChannelsFirst {
			k = i / plane % len(m.all)
		}
		v := number(m.p.Type, examples[i*width:])
		if !m.started && i < m.p.Size() && (k == i || i%plane == 0 && m.p.ChannelsFirst) {
			m.origin[k], m.all[k].Min, m.all[k].Max = v, v, v
		}
		d := v - m.origin[k]
		m.sum[k], m.squares[k] = m.sum[k]+d, m.squares[k]+d*d
		m.all[k].Min, m.all[k].Max = min(m.all[k].Min, v), max(m.all[k].Max, v)
	}
	m.started = true
}

// number decodes one number of an example.
func number(t problem.Type, b []byte) float64 {
	switch t {
	case problem.Uint8:
		return float64(b[0])
	case problem.Int32:
		return float64(int32(binary.LittleEndian.Uint32(b)))
	default:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
}

// channels are the descriptions after examples have been added.
func (m *moments) channels(examples int) []Channel {
	n := float64(examples) * float64(m.p.Size()/len(m.all))
	for k := range m.all {
		d := m.sum[k] / n
		m.all[k].Mean = m.origin[k] + d
		m.all[k].Deviation = math.Sqrt(max(0, m.squares[k]/n-d*d))
	}
	return m.all
}
