// Package runner does the steps of a sweep: the running half of each kind, in a file of its own. It loads a
// step's inputs from the store by their digests, calls the numeric packages, and stores their results. It knows
// no Temporal: package lossatlas/activities schedules the work and reports how far it is.
//
// A kind of step that is over soon, or that can only be done in one piece, is one function: Kind.Make. One that
// takes many workers is cut into chunks: Kind.Cut. A chunk is stored as a part of the step as soon as it is
// computed, so that at most one chunk is lost with a worker.
package runner
