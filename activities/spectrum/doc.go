// Package spectrum computes what can be known of the spectrum of a symmetric
// matrix by its products with vectors, such as the Hessian of a network's loss:
// both ends, leading eigenvectors, the trace and the density.
//
// λmin and λmax come from one Krylov subspace at once, by Lanczos' method with
// thick restarts (Wu and Simon 2000) and full reorthogonalisation. Finding the
// smallest eigenvalue of a shifted matrix instead, as is often done, holds it
// to a tolerance relative to the shift, the largest eigenvalue, and leaves it
// off by percents where it is much smaller.
package spectrum
