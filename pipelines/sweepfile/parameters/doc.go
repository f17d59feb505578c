// Package parameters sets the parameters of a sweep file by their dotted paths: for the points of a sweep, for repetitions,
// for variables and for presets. A [Table] says which fields a file has; their meaning is not known here.
//
// [ReadPresets] and [Table.Overlay] lay a preset over the file, [Table.ReadAxes] and [Repetitions.Repeat] make the points of a
// sweep, [Filler.At] is the file of a point with its variables filled in, [Table.Assign] sets the point's other parameters,
// and [ExperimentNames] names the points. A [Selector] chooses experiments by them.
package parameters
