// Package syntax reads YAML files against a table of fields: nodes with their
// places, types of fields with a check and a JSON Schema, variables, and errors
// with file, line, column and a guess at typing errors. It knows nothing of what
// a file is for.
//
// A [Checker] reads a text into a tree of [Node]s and gathers the [Errors]. An
// [Object] is a mapping with fixed keys, a [Variants] one whose keys depend on its
// kind; both make normalised values, which [Decode] puts into structs.
package syntax
