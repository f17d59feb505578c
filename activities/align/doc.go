// Package align permutes the hidden units of a network so that its weights come close to those of another one (Ainsworth, Hayase and
// Srinivasa 2022, "Git Re-Basin"). The permuted network computes the same function.
package align
