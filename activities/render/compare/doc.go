// Package compare draws figures over several experiments, each in a colour of its own: losses along a line, norms and
// curves of trainings, histograms of weights, and test error against flatness. Small multiples of one plot are in
// package render.
package compare
