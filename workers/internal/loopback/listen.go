package loopback

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"
)

// Server is a running web server.
type Server struct {
	http *http.Server
	url  string
}

// shutdownTimeout is the time for the responses that are being sent when the server stops.
const shutdownTimeout = time.Second

// Listen serves h, protected, on a loopback port until Stop; 0 chooses a free one. The service's name is for messages.
func (g *Guard) Listen(service string, h http.Handler, p int, log zerolog.Logger) (*Server, error) {
	address := Address(p)
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, ListenError(service, address, err)
	}
	server := &http.Server{Handler: g.Protect(h), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Warn().Err(err).Msg(service + " no longer answers")
		}
	}()
	return &Server{http: server, url: "http://" + l.Addr().String()}, nil
}

// URL is the address of the server, without a trailing slash and without the token.
func (l *Server) URL() string { return l.url }

// Stop stops the server.
func (l *Server) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if l.http.Shutdown(ctx) != nil {
		return l.http.Close()
	}
	return nil
}
