package main

import "math"

// Thresholds of the criteria, fixed with them before the sweeps were run.
const (
	converged        = 0.05 // largest training loss, in evaluation mode, of a network that is judged
	convergedWithout = 0.10 // the same without skip connections
	level            = 0.5  // height above the minimum at which widths are measured
	mostCut          = 0.25 // largest share of widths that a plot may cut off
	contourLevel     = 0.1  // training loss of the contour whose width and shape are compared
	contourRays      = 32   // directions in which its radius is measured
	alike            = 0.05 // difference of away shares that counts as none
	mostVariation    = 0.2  // coefficient of variation of widths over directions
	leastCorrelation = 0.9  // of the logarithms of the losses along two directions
)

// sameContour is the largest logarithm of the ratio of two radii that count as almost identical.
var sameContour = math.Log(1.25)

// claim is one of the paper's, with the criterion by which it is judged.
type claim struct {
	id, title string
	says      string // what the paper says, and where
	criterion string
	paper     string   // the paper's numbers
	sweeps    []string // that it needs; the first holds its figures
	figures   []string // of the first sweep
	judge     func(all map[string]*Numbers) finding
}

// rules hold for every claim and stand above all of them on the page.
var rules = []string{
	"Only networks with a training loss of at most 0.05 in evaluation mode (0.1 without skip connections) are judged. The others are minimizers of nothing and are left out; a claim that is left with too few networks can't be told.",
	"Means over seeds have Student's 95 % interval with the seeds as units: a bootstrap of three to five numbers is too narrow. Planes, pairs of directions and epochs of one network are averaged before; networks of one cell (all but the seed equal) are not independent of each other.",
	"Rank correlations are over the means of cells. Their p is exact, over all permutations of the cells; intervals of differences between correlations are bootstrapped, 2,000 times with a fixed seed, by drawing seeds within each cell.",
	"A claim holds when the interval of every statistic that its criterion names lies on the claim's side, is contradicted when the interval of one lies on the other side, and can't be told otherwise.",
	"A width that the plot cuts off is a lower bound. In a comparison of two networks it stands in for the width where that can only weaken the claim's case or its opposite; elsewhere it is left out. Where more than a quarter of the widths are left out, the claim can't be told.",
}

// claims are in the paper's order.
var claims = []claim{
	{
		id: "a", title: "Interpolations show the scale of the weights",
		says:      "Between the minimizers of a small and a large batch the small batch's looks wide and the large batch's sharp; weight decay flips that (section 5, figure 2).",
		criterion: "Of each minimizer, the width is the distance towards the other one up to which the training loss stays within 0.5 of its own. The mean of log(width of the small batch / width of the large batch) over the seeds of SGD is above 0 without weight decay and below 0 with it.",
		paper:     "Figure 2 (a) and (d): no numbers in the text.",
		sweeps:    []string{"table1"}, figures: []string{"multiples"}, judge: interpolations,
	},
	{
		id: "b", title: "Weight decay changes which batch has the smaller weights",
		says:      "Without weight decay the norm of the weights grows steadily, and a large batch ends with smaller weights; with it, a large batch ends with much larger ones (section 5, figure 2).",
		criterion: "Six means over the seeds of SGD: log(‖θ‖ after the last epoch / initial) without weight decay is above 0 for both batches; log(deviation of the weights, small batch / large batch) is above 0 without weight decay and below 0 with it; and the share of weights below a hundredth in size, small batch less large batch, is below 0 without and above 0 with it. Weights are those of convolutions and linear layers.",
		paper:     "Figure 2 (b), (c), (e), (f): no numbers in the text.",
		sweeps:    []string{"table1"}, figures: []string{"norms", "weights-without-decay", "weights-with-decay"}, judge: norms,
	},
	{
		id: "small-batches", title: "Small batches generalize better",
		says:      "Small batches generalize better in all experiments (section 5).",
		criterion: "The mean over the seeds of SGD of the test error of the large batch less that of the small batch is above 0, without weight decay and with it.",
		paper:     "Test errors stand below figures 2 and 3; the text at hand does not have them.",
		sweeps:    []string{"table1"}, judge: smallBatches,
	},
	{
		id: "subtle", title: "Filter normalization removes the apparent differences",
		says:      "Along filter-normalized directions the differences in sharpness are much more subtle than along the line between the minimizers (section 5, figure 3).",
		criterion: "Over all pairs of a small and a large batch of SGD, |log ratio of the widths| along filter-normalized directions less that of claim (a) has a mean below 0. Units are the seeds, averaged over weight decay.",
		paper:     "No numbers in the text.",
		sweeps:    []string{"table1"}, figures: []string{"by-filter"}, judge: subtle,
	},
	{
		id: "c", title: "Sharper minimizers have higher test errors",
		says:      "With filter normalization sharpness correlates well with the test error (sections 4 and 5).",
		criterion: "Spearman's correlation of 1/width along filter-normalized directions, 0.5 above the minimum, with the test error, over the cells of table1 (optimizer, weight decay, batch size), is above 0 with p at most 0.05 (two-sided, exact); it is contradicted by one below 0 with such a p. At least six cells are needed.",
		paper:     "“Correlates well”; no coefficient.",
		sweeps:    []string{"table1"}, figures: []string{"error-by-filter"}, judge: sharpness,
	},
	{
		id: "normalization", title: "Filter normalization correlates better than layer normalization or none",
		says:      "Filter-wise normalization gives a superior correlation between sharpness and test error (section 4, appendix A.2).",
		criterion: "The correlation of claim (c) with filter normalization less that with layer normalization, and less that without, are both above 0 by their bootstrap intervals.",
		paper:     "No coefficients in the text; appendix A.2 is not at hand.",
		sweeps:    []string{"table1"}, figures: []string{"by-layer", "by-nothing", "error-by-layer", "error-by-nothing"}, judge: normalization,
	},
	{
		id: "figure1", title: "The authors' ResNet-56 is smooth with skip connections and torn without",
		says:      "The surface of ResNet-56 without skip connections is chaotic, with them it is a convex basin (figures 1 and 5).",
		criterion: "Around the authors' own weights, over five planes with the same directions' seeds for both: the away share (points at which the direction of steepest descent leads away from the center) without skip connections less that with them is above 0, and log(height of the highest convex contour without / with) is below 0. The planes are the units; the result is about these two networks.",
		paper:     "Test errors 13.31 % without and 6.34 % with skip connections, from the files of the weights; no other numbers.",
		sweeps:    []string{"authors"}, figures: []string{"multiples", "contours"}, judge: authors,
	},
	{
		id: "d", title: "Depth turns the surface chaotic, skip connections prevent it",
		says:      "Without skip connections the surface goes from nearly convex to chaotic as depth increases; residual connections prevent it (section 6, figure 5).",
		criterion: "From 20 to 32 layers, the change without skip connections less the change with them, by seeds: of the away share it is above 0, and of the log of the height of the highest convex contour it is below 0.",
		paper:     "No numbers in the text.",
		sweeps:    []string{"depth"}, figures: []string{"multiples", "bowls", "curves"}, judge: depth,
	},
	{
		id: "shallow", title: "Skip connections hardly matter for twenty layers",
		says:      "For ResNet-20 and ResNet-20-noshort the effect of skip connections is fairly unnoticeable (section 6).",
		criterion: "The interval of the away share of ResNet-20 without skip connections less that with them lies within ±0.05 (holds) or outside (contradicted).",
		paper:     "No numbers in the text.",
		sweeps:    []string{"depth"}, judge: shallow,
	},
	{
		id: "deep", title: "With skip connections deep networks are as smooth as shallow ones",
		says:      "With skip connections the width and shape of the contour at 0.1 are almost identical for 20 and 110 layers, and nothing turns chaotic (section 6, figure 5).",
		criterion: "Of ResNet-56 less ResNet-20 with skip connections, by seeds: the mean logarithm of the radii of the contour at a training loss of 0.1 and the logarithm of its longest over its shortest radius lie within ±log 1.25, and the away share within ±0.05 (hold) or outside (contradicted). Radii lead from the center in 32 directions to where the loss first exceeds 0.1.",
		paper:     "No numbers in the text.",
		sweeps:    []string{"deep"}, figures: []string{"multiples", "curves"}, judge: contours,
	},
	{
		id: "wide", title: "Wide networks have flat minima",
		says:      "Increased network width results in flat minima and wide regions of apparent convexity (section 6, figure 6).",
		criterion: "Of ResNet-20 with skip connections, log(width of the minimizer at k = 2 / at k = 1/2) and the same of the height of the highest convex contour are above 0 in the mean over the seeds.",
		paper:     "k = 1, 2, 4, 8 in figure 6; no numbers in the text.",
		sweeps:    []string{"width"}, figures: []string{"multiples", "scatter"}, judge: wide,
	},
	{
		id: "e", title: "What looks convex is convex",
		says:      "|λmin/λmax| is near 0 where the surface looks convex and large where it is chaotic (section 6, figure 7).",
		criterion: "The area under the ROC curve of |λmin/λmax| between points at which the plotted surface is not convex and points at which it is, in the mean over the networks (each the mean of its planes that have at least three points of either kind), is above 0.5; it is contradicted below 0.5. At least three networks are needed.",
		paper:     "Less than 1 % over a large region for DenseNet.",
		sweeps:    []string{"curvature"}, figures: []string{"multiples", "contours"}, judge: curvature,
	},
	{
		id: "f", title: "Paths lie in few dimensions",
		says:      "Optimization trajectories lie in an extremely low dimensional space (contributions; appendix B).",
		criterion: "The share of the variance in the first two principal components, in the mean over the seeds of each cell of SGD, lies between 40 and 90 % by its interval, and no path has 1 % or more in two random directions. It is contradicted by an interval outside. A random walk of equal length has about 76 % in two components, so the share alone does not show that the landscape is simple.",
		paper:     "40 to 90 % (appendix B of the published version, which is not at hand).",
		sweeps:    []string{"table1"}, figures: []string{"paths"}, judge: paths,
	},
	{
		id: "g", title: "Different random directions show the same",
		says:      "Plots along different random directions look alike (appendix A.1).",
		criterion: "Over ten filter-normalized directions around each network, with the networks as units: the coefficient of variation of the width is below 0.2, and the mean correlation between the logarithms of two profiles is above 0.9.",
		paper:     "No numbers in the text; appendix A.1 is not at hand.",
		sweeps:    []string{"directions"}, figures: []string{"lines", "contours"}, judge: directions,
	},
	{
		id: "initialization", title: "Initial losses lie inside the convex basin of trainable networks",
		says:      "Random initializations have a loss below 2.5; the convex attractors of ResNets and shallow networks rise to 4 or more, those of deep networks without skip connections to less (section 6).",
		criterion: "log(loss at the highest convex contour / mean initial loss), in the mean over the seeds, is above 0 for ResNet-20 with and without skip connections and ResNet-32 with them, and below 0 for ResNet-32 without.",
		paper:     "Initial loss below 2.5; basins to 4 or more.",
		sweeps:    []string{"depth", "initialization"}, judge: initialization,
	},
}
