// Package data holds the labelled images that networks are trained and
// measured on: CIFAR-10 from its official binary files, and shapes10, ten
// classes of drawn textures that need no file at all.
package data
