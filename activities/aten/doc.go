// Package aten describes networks as lists of core ATen operations.
//
// Networks from files of other programs are translated into this form: package pt2 reads the archives of torch.export.save,
// whose operations these are, and package onnx translates ONNX models. A Program is the computation in evaluation mode without
// the values of the parameters, so a network is stored once for all its checkpoints.
//
// Activations have PyTorch's layouts (batch, channel, row, column), and parameters PyTorch's shapes.
//
// Parse and Validate check what does not depend on shapes, against the schemas of the operations. Package aten/forward checks
// the shapes and builds graphs. Uses lists the operations that read each parameter, Cost counts multiply-adds and activations.
package aten
