// Package maintain keeps a store in order: [Check] finds what is damaged, missing or contradictory and moves it out of
// the way, [Collect] frees what no sweep needs.
package maintain
