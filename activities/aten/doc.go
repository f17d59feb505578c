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
//
// Parse checks what does not need shapes, Check the rest by building the forward
// pass without running it, and Forward or ForwardAs add it to a graph. Uses says
// what consumes each parameter, Cost what a pass takes. Operations stand in tables
// by what they are about; each gives its arguments, which are checked, and a
// function that builds its nodes.
//
// Gradients and tangents of the graph are part of what an operation must get
// right: where the graph library has no derivative, or a wrong one (kernels of even
// size, 0 in absolute values, conversions to integers, powers of 0), the operation
// is written with other nodes or with its own gradient. At ties and kinks first
// derivatives are PyTorch's; testdata/operations.py has the cases.
package aten
