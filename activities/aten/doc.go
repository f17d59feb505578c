// Package aten describes networks as lists of core ATen operations and adds
// them to graphs.
//
// It is the one form into which networks are brought that come in files of other
// programs: package pt2 reads the archives of torch.export.save, whose operations
// these are, and package onnx translates ONNX models into them. A Program holds
// what is computed, in evaluation mode, without the values of the parameters, so
// that a network is stored once for all its checkpoints.
//
// Activations have PyTorch's layouts (batch, channel, row, column), and
// parameters PyTorch's shapes.
package aten
