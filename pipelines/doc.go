// Package pipelines holds what the rooms share about a sweep once its file is
// read: kinds of steps with their parameters, graphs of steps, and plans of which
// steps are still to do. [lossatlas/pipelines/sweepfile] makes graphs from sweep
// files.
package pipelines
