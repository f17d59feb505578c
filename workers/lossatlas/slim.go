//go:build slim

package main

import "lossatlas/workers/internal/services"

// servers are nil: the program is built without them.
var servers *services.Embedded
