// Package artifacts stores results: blobs under their own digest, the
// action cache that maps a step's key to its outputs, the checkpoints
// of steps still running, and the roots that say which results are kept. All
// of it is objects in one bucket:
//
//	cas/sha256/ab/abcd…    a blob, under the SHA-256 of its bytes
//	actions/ab/abcd….json  an action, under the key of its recipe
//	parts/abcd…/name       a checkpoint of the step with that key
//	roots/name.json        a sweep's latest run
//	quarantine/time/…      damaged objects, moved out of the way
//	collection.json        the latest collection of garbage
//	format.json            the version of all these
//
// Blobs and actions are written once, with a conditional put, and everything
// is verified as it is read: damage is an error that names the object, never a
// result.
//
// Package maintain checks a store and collects its garbage, package transfer copies sweeps between stores and files.
// Package objects defines a bucket, with one in memory for tests; package objects/s3 is that of S3-compatible servers.
// To keep results elsewhere, write another [objects.Bucket] and open it in [Open], or give it to [In].
package artifacts
