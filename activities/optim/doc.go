// Package optim trains networks with stochastic gradient descent.
//
// A training is a function of its configuration, its examples and the class of
// the numeric backend: the order of the examples and their augmentation in epoch
// e depend on the seed and on e only, and a checkpoint after e epochs holds
// everything else, so a training that was interrupted and restored ends with
// the same bits as one that was not.
package optim
