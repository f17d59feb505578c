package guard

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/workers/internal/port"
)

// Listening is a server at its address.
type Listening struct {
	http *http.Server
	url  string
}

// shutdown is how long answers that are being sent may take when the server ends.
const shutdown = time.Second

// Listen serves h, protected, on a loopback port until Stop; 0 chooses a free one. The service's name is for errors.
func (g *Guard) Listen(service string, h http.Handler, p int, log zerolog.Logger) (*Listening, error) {
	address := port.Addr(p)
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, port.Explain(service, address, err)
	}
	server := &http.Server{Handler: g.Protect(h), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Warn().Err(err).Msg(service + " no longer answers")
		}
	}()
	return &Listening{http: server, url: "http://" + l.Addr().String()}, nil
}

// URL is the address of the server, without a slash at the end and without a token.
func (l *Listening) URL() string { return l.url }

// Stop ends the server.
func (l *Listening) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdown)
	defer cancel()
	if l.http.Shutdown(ctx) != nil {
		return l.http.Close()
	}
	return nil
}
