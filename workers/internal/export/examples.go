package export

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"lossatlas/activities/data"
	"lossatlas/activities/npz"
	"lossatlas/activities/problem"
)

// maxExamples bounds the bytes of the numbers that Examples writes, which are in memory.
const maxExamples = 1 << 30

// Examples writes examples as .npz files hold what networks take: x, float32 (x − mean)/deviation in the order of PyTorch, [N, C, H, W]
// for images and [N, …] for others, int64 for indices; y, the classes as int64 [N, Labels…] or the targets as float32 [N, Outputs]; and
// meta as JSON.
func Examples(s data.Split, meta json.RawMessage) ([]byte, error) {
	p := s.Problem
	if n := s.Len() * p.Size(); n > maxExamples/4 {
		return nil, fmt.Errorf("%d examples of %d numbers take more than %d GiB: choose fewer", s.Len(), p.Size(), maxExamples>>30)
	}
	raw := make([]byte, s.Len()*p.Bytes())
	if err := s.Read(raw, 0); err != nil {
		return nil, err
	}
	x := npz.Array{Name: "x", Shape: append([]int{s.Len()}, p.Shape...)}
	if p.Type == problem.Int32 {
		x.Data = indices(raw)
	} else {
		x.Shape, x.Data = channelsFirst(p, x.Shape, normalized(p, raw))
	}
	y := npz.Array{Name: "y", Shape: append([]int{s.Len()}, p.Labels...)}
	if p.HasTargets() {
		y.Shape, y.Data = []int{s.Len(), p.Outputs}, s.Targets
	} else {
		classes := make([]int64, len(s.Classes))
		for i, c := range s.Classes {
			classes[i] = int64(c)
		}
		y.Data = classes
	}
	return npz.Encode([]npz.Array{x, y, {Name: "meta", Data: npz.JSONText(meta)}})
}

func indices(raw []byte) []int64 {
	out := make([]int64, len(raw)/4)
	for i := range out {
		out[i] = int64(int32(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return out
}

// normalized are the numbers of examples in their order, as [problem.Problem.Normalize] makes them.
func normalized(p problem.Problem, raw []byte) []float32 {
	out := make([]float32, len(raw)/(p.Bytes()/p.Size()))
	channels, inner := p.Shape[len(p.Shape)-1], 1
	if p.ChannelsFirst {
		channels, inner = p.Shape[0], p.Size()/p.Shape[0]
	}
	for i := range out {
		if p.Type == problem.Uint8 {
			out[i] = float32(raw[i])
		} else {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		if n := len(p.Mean); n > 0 {
			c := i / inner % channels % n // of one number for all channels, the first
			out[i] = (out[i] - float32(p.Mean[c])) / float32(p.Deviation[c])
		}
	}
	return out
}

// channelsFirst puts the channels of images before their rows and columns.
func channelsFirst(p problem.Problem, shape []int, x []float32) ([]int, []float32) {
	if !p.IsImage() || p.ChannelsFirst {
		return shape, x
	}
	height, width, channels := p.Image()
	pixels := height * width
	out := make([]float32, len(x))
	for i, v := range x {
		example, at := i/(pixels*channels), i%(pixels*channels)
		out[(example*channels+at%channels)*pixels+at/channels] = v
	}
	return []int{shape[0], channels, height, width}, out
}
