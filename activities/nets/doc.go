// Package nets describes networks as lists of layers, built for a problem: the shape
// of its examples and the number of its outputs.
//
// One definition of a layer gives everything that the rest of the program
// needs to know about it: the forward pass as a computation graph, with batch
// statistics (training) or stored ones (evaluation); its rows in the parameter
// table, which carry PyTorch's names, order and layouts, so that a network's
// parameters are one flat vector that can be cut into filters, perturbed,
// projected and exported without knowing the network; and its cost in
// multiply-adds. The built-in networks are such lists, each made by one
// function. Package module has the layers that are translated into operations of
// package aten.
//
// Inside a graph, activations are NHWC (batch, row, column, channel): the
// order that the backends are fastest with. Parameters stay in PyTorch's
// layouts (OIHW for convolutions, [out, in] for linear layers) and the graph
// permutes them where it uses them.
package nets
