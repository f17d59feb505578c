package embedded

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"

	"lossatlas/workers/internal/port"
)

const uiService = "the Temporal UI"

// ui is Temporal's web interface on a loopback port of its own.
type ui struct {
	url    string
	server *server.Server
	done   chan struct{}
}

// startUI serves the web interface of the server at frontend (host:port) and
// returns when it answers.
func startUI(ctx context.Context, frontend, namespace string, uiPort int) (*ui, error) {
	addr := port.Addr(uiPort)
	// The UI server ends the process when it cannot listen, so find out first.
	if err := port.Check(uiService, addr); err != nil {
		return nil, err
	}
	u := &ui{url: "http://" + addr, done: make(chan struct{})}
	u.server = server.NewServer(server_options.WithConfigProvider(&config.Config{
		TemporalGRPCAddress: frontend,
		Host:                port.Loopback,
		Port:                uiPort,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		// No requests to anywhere but this machine.
		DisableNewsFetch: true,
		HideLogs:         true,
		CORS:             config.CORS{AllowOrigins: []string{u.url}, CookieInsecure: true},
	}))
	go func() {
		defer close(u.done)
		_ = u.server.Start() // it reports only http.ErrServerClosed, which it drops
	}()
	if err := u.await(ctx); err != nil {
		u.stop()
		return nil, err
	}
	return u, nil
}

// await asks for the UI's health until it answers.
func (u *ui) await(ctx context.Context) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url+"/healthz", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("it answered %s", resp.Status)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s on %s is not ready: %w", uiService, u.url, err)
		case <-u.done:
			return fmt.Errorf("%s on %s ended before it was ready", uiService, u.url)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (u *ui) stop() {
	u.server.Stop()
	<-u.done
}
