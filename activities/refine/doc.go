// Package refine evaluates a smooth function at few points of a lattice and states the error of its estimates at all others.
//
// A coarse lattice comes first. From the known values follow an estimate and a bound of its error at every other point;
// the points where the bound exceeds the allowed error, spread over the lattice, are the next round. When no bound does,
// one round of check points, spread evenly over the rest, tests the bounds, and widens them where they were too narrow.
//
// Estimates are local kriging of log L: polyharmonic splines through the nearest known values of each quadrant, of the
// smoothness (r, r³ or r⁵) under which the leave-one-out errors near the point are most likely. A bound is the spline's standard deviation,
// times the local scale of the leave-one-out errors, times the factor that covers 97 % of them. With 19 check points, the
// largest ratio of error to bound among them is that of a new point or more with probability 19/20 (split conformal
// prediction; Vovk, Gammerman and Shafer 2005), as far as the check points stand for the rest. It varies from one choice of check points to
// another, so that bounds also cover 95 % of the points of the latest three rounds, as these were predicted before them.
//
// The loss of few images is smooth between coarse points and bent between fine ones, where ReLUs switch. The smoothest spline, which
// predicts coarse points best, then has more and more standard deviations of error as points come closer: at 51×51 points 1, 1.5, 3, 4 and 6 at distances
// of 6, 5, 3, 2 and 1, where that of r³ has 0.2 to 0.4 at all. So values are left out twice, alone and with all points up to twice as
// far as the nearest; where the errors of the narrower holes are larger in standard deviations, bounds at still smaller distances are extrapolated
// from both. Choosing the spline by its predicted error instead prefers the most optimistic one.
//
// Maps of λmin and λmax are estimated in the same way, each on the scale asinh(λ/m), with m the median size: it is logarithmic far from 0 and linear
// near it. A round has the points where either exceeds its error, and check points test both.
//
// Whether a loss is finite is not interpolated: a point is in doubt, and becomes part of the next round, unless a known
// point of its kind is at least twice as near as any of the other kind, so that edges are found to the lattice's distance.
//
// What no point of a round meets remains unseen: a needle narrower than the coarse lattice's distance (an eighth of the
// range), where it touches no known point.
//
// A surface has a second level, of examples. The first round, over all of them, also has the losses over nested subsets. The loss is then that over one subset, which
// later points are evaluated over, times the ratio of both, which is interpolated from the points that were evaluated over all: a control variate, whose error adds to that
// of the subset's loss. The subset is the one of which a point will cost least, its share of the examples and that of the points where the ratio is too uncertain, so that
// these take all, with bounds twice as wide as after the first round, since later rounds widen most; no subset is used where a point would cost more than 0.8 of one over all examples. Points that test the bounds are evaluated over all.
//
// Far from a minimizer the loss of an example follows from its class for the most part, so that subsets have their share of each. The error of the ratio (95th percentile) is
// about c·√(1/m − 1/n) for m of n = 512 examples; c is 0.16 to 0.18 on VGG-9/16 (33×33 points, losses 1.3 to 92), interpolated from 9×9 points, and on ResNet-56 without
// shortcuts (17×17, 0.9 to 84) 0.66 to 0.78 at random and 0.4 by class, where interpolation only adds noise. So the ratio is also predicted as the mean of its neighbors, where
// leave-one-out errors say so, and a subset pays the more the larger n is. Choosing examples by their loss at the center, or by clusters of their losses in the first
// round, is no better. Weights of the examples by a ridge regression on the first round have c = 0.12 to 0.15 and 0.3, but make the ratio at its points smaller than between
// them: with bounds from left-out points, or from check points before the choice, surfaces of both networks took as many evaluations as without weights.
//
// Search finds the range of a lattice in the same way, in rounds.
//
// All results are functions of the known values alone: the same bits on all machines whose exp, log and sqrt give the same.
package refine
