// Package canvas is what pictures are drawn on: a pen for paths and text, colours and colour maps, a page of PDF, and
// what a PNG gets besides its pixels.
package canvas
