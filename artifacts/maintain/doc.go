// Package maintain keeps a store in order: [Check] finds damaged, missing and contradictory objects and moves them out of
// the way, [Collect] deletes unreferenced objects.
package maintain
