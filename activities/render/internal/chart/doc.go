// Package chart has the parts of a diagram: scales and their ticks, frames with axes, headings and legends.
package chart
