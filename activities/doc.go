// Package activities does the steps of a sweep: it loads a step's inputs by
// digest, calls one numeric package, and stores what came out.
//
// Every step follows the same rules. Its result is found under its key and
// never made twice; what it has finished so far lies in the store as parts, so
// that an attempt that was killed costs at most one epoch or one chunk; and
// its errors say whether trying again can help.
package activities
