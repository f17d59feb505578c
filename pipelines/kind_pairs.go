package pipelines

import "fmt"

// KindPairs measures many minimizers of one network against each other.
const KindPairs Kind = "pairs"

var pairsSpec = Spec{
	Version: 1, Computes: true,
	Outputs: []string{OutPairs},
	Label:   typed(func(p PairsParams) string { return fmt.Sprintf("%s %d minimizers", p.Net, len(p.Names)) }),
}

// PairsParams are the distances of minimizers from each other, the barriers between them over one split, and their places in a plane. Inputs, each of which may be
// missing: the weights as InMinimizer says, those aligned with each other as InAligned, and the lines between them as InLine. Output: pairs.
type PairsParams struct {
	Net     Network  `json:"net"`
	Problem Problem  `json:"problem"`
	Names   []string `json:"names"` // of the minimizers, which the result repeats
}

// InMinimizer is the input of a pairs step with the weights of minimizer i, counted from 0.
func InMinimizer(i int) string { return fmt.Sprintf("weights-%d", i) }

// InAligned is the input of a pairs step with the weights of minimizer j, aligned with i < j; without it they are those of InMinimizer.
func InAligned(i, j int) string { return fmt.Sprintf("weights-%d-%d", i, j) }

// InLine is the input of a pairs step with the losses on the line from minimizer i to j, i < j.
func InLine(i, j int) string { return fmt.Sprintf("grid-%d-%d", i, j) }
