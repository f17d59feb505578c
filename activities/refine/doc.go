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
// these take all; none where a point would cost more than 0.8 of one over all examples. Points that test the bounds are evaluated over all.
//
// The error of the ratio, interpolated from 9×9 points, is c·√(1/m − 1/n) for m of n examples (95th percentile), with c = 0.17 on VGG-9/16 (n = 512, losses 1.3 to 92)
// and c = 0.65 on ResNet-56 without shortcuts (n = 64, 1 to 400), so that it pays the more the larger n is. Which examples are taken changes c little: on VGG-9/16 it is
// 0.17 to 0.18 at random, 0.16 to 0.18 by class, 0.16 to 0.19 by the loss at the center, 0.15 to 0.17 by clusters of the examples' losses in the first round, and 0.13 to
// 0.16 with weights fitted to these (32 to 256 of 512).
//
// Search finds the range of a lattice in the same way, in rounds.
//
// All results are functions of the known values alone: the same bits on all machines whose exp, log and sqrt give the same.
package refine
