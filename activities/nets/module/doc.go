// Package module translates layers of written-out networks into operations of package
// aten, the same that networks from files are made of: their values, gradients and
// tangents are tested there.
//
// A layer is a function in a file here and its row in the table layers. It gets the
// fields of the layer and the shape that comes in, checks that they fit, and returns
// a Module: parameters, operations, the shape that comes out, and costs.
package module
