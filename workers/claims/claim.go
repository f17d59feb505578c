package main

import "lossatlas/workers/internal/table"

// verdict is the result of judging a claim.
type verdict string

const (
	holds  verdict = "holds"
	fails  verdict = "does not hold here"
	unsure verdict = "can't be told at this size"
	notRun verdict = "not run"
)

// claim is one of the paper's, with its criterion.
type claim struct {
	letter  string
	text    string   // what the paper says
	holdsIf string   // the criterion
	sweeps  []string // whose results it is judged by, and whose figures show it
	judge   func(s map[string]*sweep) finding
}

// finding is a verdict with its reasons.
type finding struct {
	verdict verdict
	why     string
	tables  []sheet
}

// sheet is a table of the page, and a CSV file of its name.
type sheet struct {
	name string
	*table.Table
}

func newSheet(name string, header ...string) sheet {
	return sheet{name, &table.Table{Header: header}}
}

// claims are those of the paper, in its order.
var claims = []claim{
	{
		"a", "Along the line between the minimizers of a small and a large batch, the small batch's looks wide and the large one's sharp; weight decay turns that round (section 3, figure 2).",
		"which of the two is wider, from the minimizer towards the other one until the loss is 0.5 above its own, changes when weight decay is turned on, the widths being 10 percent apart both times. (At first the width was to be that on both sides. But beyond the large batch's minimizer running variances are extrapolated below zero, and there is no loss.)",
		[]string{"fig2"}, interpolations,
	},
	{
		"b", "Without weight decay the norms of the weights grow, and the large batch ends with the smaller weights; with it, the small batch does (section 3, figure 2).",
		"the four differences all have these signs: growth from the first epoch to the last with either batch, the deviation of the weights smaller for the large batch without and larger with weight decay.",
		[]string{"fig2"}, norms,
	},
	{
		"c", "Along filter-normalized directions flatter minimizers have lower test errors; with layers normalized, or nothing, less so (sections 4 and 5, appendix A.2).",
		"in each family of networks Spearman's rank correlation between the width at 0.5 above the minimum and the test error, in the mean over the pairs of directions, is at most -0.8 with filters normalized and lower than with the others (which is 0.8 or more for sharpness, 1/width). (What was added later: widths that the plots cut off are lower bounds, and left out; it can't be told where the test errors are as close as chance brings two equal networks, and a normalization of which the plots cut off more than a quarter of the widths is not compared.)",
		[]string{"normalization", "sharpness"}, sharpness,
	},
	{
		"d", "Without short cuts, depth turns a benign surface chaotic; with them it doesn't (section 6, figure 5).",
		"from 20 to 56 layers the convex share of the plotted surface falls by at least 10 points without short cuts, and does not with them.",
		[]string{"fig5"}, depth,
	},
	{
		"e", "|λmin/λmax| is small where the surface looks convex, and large where it is chaotic (section 6, figure 7).",
		"its median over the points at which the plotted surface is convex is less than half of the median over the others, of both networks together, with at least five points on either side.",
		[]string{"fig7"}, curvature,
	},
	{
		"f", "Two principal components hold 40 to 90 percent of a path's variation, two random directions almost nothing (section 7, appendix B, figures 8 and 9).",
		"every path has at least 40 percent in two components and less than 1 percent in two random directions.",
		[]string{"fig9"}, paths,
	},
	{
		"g", "Different random directions show similar surfaces (appendix A.1).",
		"in each family of networks the deviation of the width between pairs of filter-normalized directions is less than half of the deviation between networks. (What was added later: networks of which the plots cut off a width are left out.)",
		[]string{"normalization", "sharpness"}, directions,
	},
}
