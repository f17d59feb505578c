// Package data holds the labelled examples that networks are trained and
// measured on, of any shape and type. The data sets that it knows are CIFAR-10, from
// its official binary files, and shapes10, ten classes of drawn textures that need
// no file at all.
package data
