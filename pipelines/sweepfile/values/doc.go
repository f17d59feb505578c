// Package values has the values of a sweep file's fields that are more than a number or a text: how each is written, its
// normal form, in which two ways of writing the same are equal, and its form in JSON and in the names of experiments. It knows
// no field but those of the optimizer.
package values
