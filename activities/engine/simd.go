//go:build goexperiment.simd

package engine

// simd says that the pure-Go backend was built with vector instructions.
const simd = true
