// Package surface holds the values of the loss over a line or a plane around a
// minimizer: the lattice of points, the order and portions in which they are
// evaluated, and the grid of results with its file formats.
package surface
