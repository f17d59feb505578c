package embedded

import (
	"errors"
	"io/fs"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/rs/zerolog"
	"github.com/temporalio/ui-server/v2/server/api"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/headers"
	"github.com/temporalio/ui-server/v2/server/route"
	"github.com/temporalio/ui-server/v2/server/rpc"
	assets "github.com/temporalio/ui-server/v2/ui"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"lossatlas/workers/internal/loopback"
)

const uiService = "the Temporal UI"

// ui is Temporal's web interface on a loopback port of its own.
type ui struct {
	*loopback.Server
	conn *grpc.ClientConn // to the server
}

// startUI serves the web interface of the server at frontend (host:port), restricted by the options' guard.
func startUI(frontend string, opts Options, log zerolog.Logger) (*ui, error) {
	secure, err := loopback.ClientTLS(opts.Identity)
	if err != nil {
		return nil, err
	}
	conn, err := rpc.Dial(frontend, secure)
	if err != nil {
		return nil, err
	}
	u := &ui{conn: conn}
	h, err := uiHandler(conn, &config.Config{
		TemporalGRPCAddress: frontend, DefaultNamespace: opts.Namespace, DisableNewsFetch: true, // no requests to other machines
	})
	if err == nil {
		u.Server, err = opts.Guard.Listen(uiService, h, opts.UIPort, log)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return u, nil
}

// uiHandler builds the handler of the UI like its server.NewServer, without listener, log and logins, and without CORS and
// CSRF tokens, which the guard replaces.
func uiHandler(conn *grpc.ClientConn, cfg *config.Config) (http.Handler, error) {
	provider, err := config.NewConfigProviderWithRefresh(cfg)
	if err != nil {
		return nil, err
	}
	files, err := assets.Assets()
	if err != nil {
		return nil, err
	}
	if files, err = fs.Sub(files, "local"); err != nil {
		return nil, err
	}
	e := echo.New()
	e.Use(middleware.Recover(), middleware.Gzip())
	g := e.Group("/api/v1")
	g.GET("/settings", api.GetSettings(provider))
	g.GET(api.WorkflowRawHistoryUrl, api.WorkflowRawHistoryHandler(workflowservice.NewWorkflowServiceClient(conn)))
	g.Any("/*", api.TemporalAPIHandler(provider, []api.Middleware{headers.WithForwardHeaders([]string{"Caller-Type"})}, conn))
	route.SetRenderRoute(e, "")
	return e, route.SetUIRoutes(e, "", files)
}

func (u *ui) stop() error { return errors.Join(u.Stop(), u.conn.Close()) }
