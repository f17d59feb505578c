// Package spectrum computes properties of the spectrum of a symmetric
// matrix by its products with vectors, such as the Hessian of a network's loss:
// both ends, leading eigenvectors, the trace and the density.
//
// λmin and λmax come from one Krylov subspace at once, by Lanczos' method with
// thick restarts (Wu and Simon 2000) and full reorthogonalisation. Finding the
// smallest eigenvalue of a shifted matrix instead, as is often done, holds it
// to a tolerance relative to the shift, the largest eigenvalue, and leaves it
// off by percents where it is much smaller.
//
// For a map of many matrices, each start from a neighbor's Ends.Near saves a
// fifth of the products, and hardly more can be saved at the same residuals.
// At steps of 1/8 of a filter-normalized direction the eigenvectors turn by 0.1
// to 0.5 rad, and the part outside all neighbors' leading eigenvectors is still
// 0.1 rad, two decades above a residual of 1e-3. On a residual network of 1,056
// weights with its Hessians written out, cold starts took 22.8 products a point
// and starts from the outermost pair 17.2; extrapolated or averaged eigenvectors
// took 16 to 18, and Davidson's method (Davidson 1975), preconditioned with the
// mean of the neighbors' Hessians on both sides, 9.4 with the whole matrices at
// hand, 12.4 with 12 exact eigenpairs of each, and over a whole map, coarse
// points first, 16 with 16 Ritz pairs at each point. One pair from
// either end is not a safe start: where the second eigenvalue overtakes the first
// without a turn of the eigenvectors, the old extreme passes the residual test.
// In a 6×6 map around the smallest reference network λmin was 3.6 % short at a
// point where Ends.Near finds it, for 3 % more products (BenchmarkMap counts them).
//
// Nor can the test be weaker. An eigenvalue is off by residual²/gap at most (Kato
// and Temple), far less than the residual, and the gap can be estimated from the
// Ritz values. Stopping where that bound keeps to 1e-3 took 11.3 products a point
// in place of 14.3 in a 5×5 map around the same network, and left λmin 1.4 and 3.8 %
// short at two of the points, where the next eigenvalue had not been found yet and the
// gap was taken for larger than it is.
package spectrum
