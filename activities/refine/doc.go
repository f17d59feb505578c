// Package refine evaluates a smooth function at few points of a lattice and states the error of its estimates at all others.
//
// A coarse lattice comes first. From the known values follow an estimate and a bound of its error at every other point;
// the points where the bound exceeds the allowed error, spread over the lattice, are the next round. When no bound does,
// one round of check points, spread evenly over the rest, tests the bounds, and widens them where they were too narrow.
//
// Estimates are local kriging of log L: polyharmonic splines through the nearest known values of each quadrant, of the
// smoothness (r, r³ or r⁵) whose leave-one-out errors near the point are smallest. A bound is the spline's standard deviation,
// times the local scale of the leave-one-out errors, times the factor that covers 97 % of them. With 19 check points, the
// largest ratio of error to bound among them is that of a new point or more with probability 19/20 (split conformal
// prediction; Vovk, Gammerman and Shafer 2005), as far as the check points stand for the rest.
//
// Whether a loss is finite is not interpolated: a point is in doubt, and becomes part of the next round, unless a known
// point of its kind is at least twice as near as any of the other kind, so that edges are found to the lattice's distance.
//
// What no point of a round meets remains unseen: a needle narrower than the coarse lattice's distance (an eighth of the
// range), where it touches no known point.
//
// Search finds the range of a lattice in the same way, in rounds.
//
// All results are functions of the known values alone: the same bits on all machines whose exp, log and sqrt give the same.
package refine
