// Package picture is what all figures share: their options, the page with title and note, frames above each other,
// curves in a frame, and the files that a figure is drawn in.
package picture
