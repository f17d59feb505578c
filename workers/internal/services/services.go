// Package services describes the servers that the program can run in its process. Commands know only this package: a program
// that is built without servers leaves out their implementations.
package services

import (
	"context"

	"github.com/rs/zerolog"

	"lossatlas/workers/internal/loopback"
)

// Embedded starts the services that run in this process.
type Embedded struct {
	// Temporal runs until it is stopped; the context limits the start.
	Temporal func(context.Context, TemporalOptions) (Temporal, error)
	// Store ends with the context.
	Store func(context.Context, StoreOptions) (Store, error)
}

// TemporalOptions configure an embedded Temporal server.
type TemporalOptions struct {
	// DBPath is the SQLite file, made when absent; "" keeps everything in memory.
	DBPath string
	// FrontendPort is the loopback port of the server; 0 chooses a free one.
	FrontendPort int
	// UIPort is the loopback port of the web interface; 0 means none.
	UIPort int
	// Namespace is made when absent; "" means lossatlas.
	Namespace string
	// Identity is the certificate (see loopback.NewCertificate) that the server's ports require of clients. Without one they
	// accept every client, in plain text, as external servers may; tests use that.
	Identity []byte
	// Guard protects the web interface.
	Guard *loopback.Guard
	// Log is the server's log.
	Log zerolog.Logger
	// Say tells the user that the database was renamed or migrated; it may be nil.
	Say func(format string, args ...any)
}

// Temporal is an embedded Temporal server.
type Temporal interface {
	Address() string // host:port of the frontend
	UIURL() string   // "" without a web interface
	// Failed is closed when the server has failed; Err then says why.
	Failed() <-chan struct{}
	Err() error
	Stop() error
}

// StoreOptions configure an embedded object store.
type StoreOptions struct {
	// Dir holds the objects; it is made (mode 0700) when absent.
	Dir string
	// Addr is host:port to listen on; "" and port 0 choose a free loopback port.
	Addr string
	// AccessKey and SecretKey are the only account; it has all rights.
	AccessKey, SecretKey string
	// Region defaults to us-east-1.
	Region string
	// Sidecar stores object attributes in separate files even where the file system has user extended attributes. It applies
	// to a store for ever.
	Sidecar bool
}

// Store is an embedded object store.
type Store interface {
	Addr() string          // host:port
	Done() <-chan struct{} // closed when it has ended
	Stop() error
}
