// Package align permutes the hidden units of a network so that its weights come close to those of another one (Ainsworth, Hayase and
// Srinivasa 2022, "Git Re-Basin"), or its units respond to the same images as those of the other one (Li, Yosinski, Clune, Lipson and Hopcroft 2015,
// "Convergent Learning"). The permuted network computes the same function.
package align
