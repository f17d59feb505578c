// Package maintain keeps a store in order: [Check] finds damaged, missing and contradictory objects and moves them out of
// the way, [Collect] frees what no sweep needs.
package maintain
