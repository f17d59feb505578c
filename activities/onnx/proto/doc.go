// Package proto reads the messages of an ONNX file that describe networks, in the form of protocol buffers: a [Model] with its
// graph, nodes, attributes and tensors. It does not know what they compute.
package proto
