// Package lattice has quantities over a rectangular lattice, their lines of equal level, the regions above a level, and
// labels on lines.
package lattice
