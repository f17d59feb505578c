//go:build slim

package main

import "lossatlas/workers/internal/session"

// services are nil: the servers are elsewhere.
var services *session.Embedded
