// Package layers reads networks that a sweep file writes out as lists of layers, and the names of built-in ones with
// parameters, into [lossatlas/pipelines.Network]:
//
//	networks: {mynet: [{conv: 16}, {bn: }, relu, avgpool, flatten, {linear: 10}], wide: {resnet56: {width: 32}}}
//
// forms.go has a row for each kind of layer, which both the reader and the schema for editors come from.
package layers
