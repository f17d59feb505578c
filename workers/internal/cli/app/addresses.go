package app

import (
	"cmp"
	"fmt"

	"lossatlas/workers/internal/session"
)

// Addresses is where the services are, for `up` and `status`.
type Addresses struct {
	Home     string `json:"home"`
	UI       string `json:"ui,omitempty"`
	Pages    string `json:"pages,omitempty"` // of the sweeps
	Temporal string `json:"temporal"`
	S3       string `json:"s3"`
	PID      int    `json:"pid,omitempty"`
}

// Addresses is where the services of a session are.
func (a *App) Addresses(s *session.Session) Addresses {
	return Addresses{Home: a.Home.Dir(), UI: s.Link(s.UI()), Pages: s.Link(s.Pages()), Temporal: s.TemporalAddress(), S3: s.Endpoint(), PID: s.PID()}
}

// PrintAddresses writes addresses in the chosen form.
func (a *App) PrintAddresses(x Addresses) error {
	if a.Settings.Output != "text" {
		return a.PrintJSON(x)
	}
	known := func(url string) string { return cmp.Or(url, "not known") }
	_, err := fmt.Fprintf(a.Out, "sweeps       %s\nTemporal UI  %s\nTemporal     %s\nS3           %s\nhome         %s\n",
		known(x.Pages), known(x.UI), x.Temporal, x.S3, x.Home)
	return err
}
