// Package directions draws and normalises the directions δ and η along which
// the loss around a minimizer θ* is mapped, f(α, β) = L(θ* + αδ + βη) (Li et
// al. 2018, equation 1 and section 4).
//
// A direction is a flat float32 vector laid out like θ, with a parameter table
// of package nets that says where each tensor lies.
package directions
