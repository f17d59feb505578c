// Package sharpness measures how much a loss rises when its weights w are perturbed: the most within a ball or a box, by projected gradient
// ascent, and the mean over Gaussian perturbations of a given size, each also in a form that does not change when weights are rescaled and the network
// stays the same. What a loss is, the caller says. Definitions and their sources are at [Ball], [AdaptiveBall], [Box], [SubspaceBox] and [Perturbation].
package sharpness
