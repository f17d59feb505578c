// Package workflows says in which order a sweep's steps run and what happens
// after a failure. It holds Temporal workflow code only: deterministic, thin,
// without numerics or storage.
//
// A sweep is a workflow with one child per experiment, so that no history
// grows large. An experiment runs its steps as their inputs appear. A step is a
// workflow of its own, named by its key and shared by all sweeps that need it.
package workflows
