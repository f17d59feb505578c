// Package transfer copies sweeps with all that they need: from one store to another by [Copy], to a file by [Save], and from a
// file by [OpenArchive] and [Load].
package transfer
