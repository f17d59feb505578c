// Package onnx reads ONNX models and translates them into programs of core ATen
// operations.
//
// A file is read by package proto, a small reader of the protocol buffer format, which knows only
// the messages that describe networks. The translation follows the graph from its
// input to its output with the size of each tensor, in which the batch is a symbol.
// Arithmetic on sizes and constants is done while reading, so that a program holds
// only what depends on the input or on the parameters.
//
// Floating-point initializers are parameters, except for the running statistics of
// batch normalization and the numbers that exporters make up. A parameter is declared
// so that its filters are its slices along the first axis: the weight of a MatMul,
// stored as [inputs, outputs], is declared as [outputs, inputs].
package onnx
