package aten

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// This file writes convolutions over images and their gradients so that XLA's CPU
// compiler hands each of them to oneDNN. It does so for convolutions over three
// dimensions with channels last, so images get a depth of one and change their
// layout around each. XLA drops the changes between neighbouring operations by its
// choice of layouts in memory.

// Formulation says how convolutions are written. Results are the same but for the
// order of summation; the speed on a backend is not.
type Formulation int

// The formulations.
const (
	Plain  Formulation = iota // as the backend takes them
	OneDNN                    // as XLA's CPU compiler hands them to oneDNN
)

// oneDNN is whether a convolution is one that this file writes.
func (k kernel) oneDNN() bool { return k.formulation == OneDNN && len(k.stride) == 2 && k.groups == 1 }

// channelsLast is x [batch, channels, rows, columns] as [batch, 1, rows, columns, channels].
func channelsLast(x *graph.Node) *graph.Node {
	return insertAxis(graph.TransposeAllAxes(x, 0, 2, 3, 1), 1)
}

// channelsFirst is the inverse of channelsLast.
func channelsFirst(x *graph.Node) *graph.Node {
	return graph.TransposeAllAxes(selected(x, 1, 0), 0, 3, 1, 2)
}

// withDepth is a convolution of x with w, in the layouts of PyTorch.
func withDepth(x, w *graph.Node, stride []int, padding [][2]int, inputDilation, dilation []int) *graph.Node {
	images := compute.ConvolveAxesConfig{
		InputBatch: 0, InputChannels: 4, InputSpatial: []int{1, 2, 3},
		KernelInputChannels: 3, KernelOutputChannels: 4, KernelSpatial: []int{0, 1, 2},
		OutputBatch: 0, OutputChannels: 4, OutputSpatial: []int{1, 2, 3},
	}
	deep := func(steps []int) []int {
		if steps == nil {
			return nil
		}
		return append([]int{1}, steps...)
	}
	filters := insertAxis(graph.TransposeAllAxes(w, 2, 3, 1, 0), 0)
	y := graph.ConvGeneral(channelsLast(x), filters, images, deep(stride), append([][2]int{{0, 0}}, padding...), deep(inputDilation), deep(dilation), 1, 1)
	return channelsFirst(y)
}
