// Package hlo holds networks that come as StableHLO programs, as JAX and others export them: the sum of the loss over a
// batch, and, where they were exported, its gradient and its products with the Hessian. The programs are compiled and run
// by package engine; here they are described, checked against their signatures, and encoded.
package hlo
