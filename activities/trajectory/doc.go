// Package trajectory reduces the path of a training to a plane (Li et al. 2018,
// section 7): principal components of the differences between the weights along
// the way and the last ones, how much of the path they explain, and the path's
// coordinates in that plane and in any other.
//
// With n points θ_1 … θ_n of p numbers each, n is small (epochs) and p large
// (parameters). The principal components of the n×p matrix M of rows θ_i − θ_n,
// its column means taken off, come from the n×n matrix G = M·Mᵀ (the "method of
// snapshots"): with G·u_k = λ_k·u_k the component is v_k = Mᵀ·u_k/√λ_k, its
// singular value √λ_k, and the variance it explains λ_k/(n−1). All sums are
// float64. Points are read one at a time and G is filled by blocks, so that the
// memory needed does not grow with the length of the path.
package trajectory
