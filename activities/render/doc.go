// Package render draws the results of the numeric packages: labelled contours,
// filled contours, heat maps and lit surfaces of the loss over a plane, the loss
// and accuracy along a line, the course of a training, and small multiples of
// these over several experiments on one scale. Package compare has the figures that draw
// several experiments in one frame.
//
// A figure is made from data alone and holds no picture yet; [picture.Figure.PNG],
// [picture.Figure.SVG] and [picture.Figure.PDF] draw it. The bytes depend on the data and the options and on
// nothing else, so a figure can be stored under the digest of its inputs.
//
// The manner is that of the figures of Li et al. 2018: contours of the loss over
// [-1,1]² with the level written into each line (Figure 5), loss in blue and
// accuracy in red on two axes with the training set solid and the test set
// dashed (Figure 2), quantities of a training over its epochs (Figure 2b), surfaces
// seen from above a corner (Figure 1), small multiples (Figures 3, 5, 6, 7).
//
// Canvases and fonts come from gonum.org/v1/plot. In PNG and PDF text is drawn as the outlines
// of its glyphs, so that a figure looks the same wherever it is opened; in SVG it is text. What the library lacks is
// written here: lines of equal level joined across cells, their labels, bands, masked cells, a second axis, a third one,
// surfaces in 3D with a depth buffer, SVG, PDF.
package render
