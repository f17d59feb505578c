package main

import (
	"bytes"
	"fmt"

	"lossatlas/workers/internal/table"
)

// covered is a figure, table or passage of the paper, with the sweep that has it and the claim that judges it.
type covered struct{ what, sweep, claim, why string }

// coverage is every figure, table and claim of the paper. Those of the appendix are named by the text; the appendix itself is not at hand.
var coverage = []covered{
	{"Figure 1, surfaces of ResNet-56", "authors, `paper` of depth", "figure1", ""},
	{"Figure 2 (a, d), interpolation", "table1", "a", ""},
	{"Figure 2 (b, e), norms; (c, f), histograms", "table1", "b", ""},
	{"Figure 3, lines", "table1", "subtle", ""},
	{"Figure 3, contours", "directions", "g", ""},
	{"Figure 4, ResNet-110-noshort and DenseNet", "`deepest` and `paper` of depth", "", "not computed: DenseNet-121 takes days on two cores; 110 layers without skip connections do not train within the budget"},
	{"Figure 5, depth", "depth", "d", ""},
	{"Figure 5, the 0.1 contour of 20 and 110 layers (here 20 and 56)", "deep", "deep", ""},
	{"Figure 6, width", "width, `paper` of width", "wide", ""},
	{"Figure 7, eigenvalue ratios", "curvature, authors", "e", ""},
	{"Figures 8 and 9 (appendix B), paths", "table1", "f", ""},
	{"Figure 13 (appendix), ResNet-56 by batch and decay", "`figure13` of table1", "", "not computed: 4 trainings of ResNet-56 for 300 epochs"},
	{"Table 1, test errors by optimizer, decay and batch", "table1", "small-batches", ""},
	{"Section 4, appendix A.2, normalization", "table1", "normalization", ""},
	{"Section 5, sharpness goes with the test error", "table1", "c", ""},
	{"Section 5, small batches generalize better", "table1", "small-batches", ""},
	{"Appendix A.1, other directions", "directions", "g", ""},
	{"Section 6, ResNet-20 with and without skip connections", "depth", "shallow", ""},
	{"Section 6, initialization", "initialization, depth", "initialization", ""},
	{"Section 6, 156 layers without skip connections can't be trained", "", "", "not tried: a failure to train shows nothing about the landscape by itself"},
	{"Section 6, curvature of a plane is a weighted mean of principal curvatures", "", "", "a theorem, not a claim about data; the tests of the Hessian maps use it"},
}

// deviations are where the sweeps differ from the paper.
var deviations = []string{
	"**Data.** CIFAR-10 from a JPEG copy (quality 75, 4:2:0) of its images, 10,000 for training and 2,000 for tests. The authors' weights have test errors of 15.9 and 24.0 % on it where they have 6.3 and 13.3 % on the official images; with the official files the same commands give those.",
	"**Images.** 2,048 of 50,000 training images for VGG-9 and 1,024 for ResNets, so test errors are far above the paper's. Losses of maps are means over 32 to 512 images, not all.",
	"**Augmentation.** None, where the paper crops and flips: without it small networks reach a training loss near 0 within the budget.",
	"**Networks.** VGG-9 with a quarter, ResNets with half of the paper's filters. Only the authors' own networks are whole.",
	"**Epochs.** 48 for VGG-9 and 100 for ResNets instead of 300, with the rate divided by 10 at the same fractions (1/2, 3/4, 11/12).",
	"**Batches.** 32 and 256 in place of 128 and 8,192 for VGG-9 (an eighth of the images, against a sixth), 32 in place of 128 for ResNets. Batch statistics are those of the whole batch.",
	"**Weight decay.** 5e-3 in place of 5e-4 for SGD on VGG-9, settled on a pilot of one seed by the training loss alone: trainings here have a fortieth of the paper's updates, in which 5e-4 does next to nothing (see the last column of [the networks](#the-networks)).",
	"**Adam.** Rate 0.001; the paper's value is in its appendix.",
	"**Depth.** Claims about depth compare 20 with 32 layers, not with 56 and 110; those about skip connections alone 20 with 56 layers, not with 110; and the one about width has 20 layers, not 56. Settled on pilots of one seed by the training loss alone: without skip connections 32 layers come near 0 within 3,200 updates (0.05 after 82 of 100 epochs), 44 do not (1.1 after 95), and 56 have hardly moved (2.2 after 9 to 16 epochs, by SGD at 0.1 and by Adam at 0.003, 0.001 and 0.0003).",
	"**Rates.** The paper's text trains ResNet-56 without skip connections at rate 0.01; the folder of the authors' published weights says 0.1. The sweep files have 0.1, and depth.yaml trains one seed of ResNet-32 without skip connections at 0.01.",
	"**Initial losses** are those of training mode, with the statistics of each batch; the paper does not say which it means.",
	"**Text.** The paper's appendix was not at hand. What the page says of it is from the main text's references to it.",
}

// writeCoverage writes what of the paper is covered, with verdicts.
func writeCoverage(b *bytes.Buffer, found []finding) {
	b.WriteString("\n## Coverage\n\n")
	t := &table.Table{Header: []string{"in the paper", "sweep file", "verdict, or why there is none"}}
	for _, c := range coverage {
		text := c.why
		for i, claim := range claims {
			if claim.id == c.claim {
				text = fmt.Sprintf("[%s](#%s): %s", claim.id, anchor(claim), found[i].verdict)
			}
		}
		t.Add(c.what, c.sweep, text)
	}
	markdown(b, t)
}
