// Package activities are the activities of a sweep's workflows: they look steps up in the action cache, have
// them made by step workflows that all sweeps share, run their work on this machine (package runner), and record what
// became of them.
//
// Every step follows the same rules. Its result is found under its key and
// never made twice; what it has finished so far lies in the store as parts, so
// that an attempt that was killed costs at most one epoch or one chunk; and
// its errors say whether trying again can help.
package activities
