// Package workflows says in which order a sweep's steps run and what happens
// after a failure. It holds Temporal workflow code only: deterministic, thin,
// without numerics or storage.
//
// A sweep is a workflow with one child per experiment, so that no history
// grows large. An experiment runs its steps as their inputs appear. A step is a
// workflow of its own, named by its key and shared by all sweeps that need it.
//
// What goes through a history is small: steps by their IDs, results by their
// digests. Parameters are read from the sweep's graph in the store, and what became of an
// experiment's steps is recorded there.
package workflows
