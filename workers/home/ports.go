package home

import (
	"errors"
	"io/fs"

	"github.com/rs/zerolog"

	"lossatlas/workers/internal/port"
)

// Ports are the loopback ports of the services; 0 means "not chosen".
type Ports struct {
	Temporal int `json:"temporal"`
	UI       int `json:"ui"`
	S3       int `json:"s3"`
	Pages    int `json:"pages"`
}

// each pairs the ports with the names that people know them by.
func (p *Ports) each() []struct {
	name string
	port *int
} {
	return []struct {
		name string
		port *int
	}{{"the Temporal server", &p.Temporal}, {"the Temporal UI", &p.UI}, {"the S3 endpoint", &p.S3}, {"the pages of sweeps", &p.Pages}}
}

// Ports returns free ports for the services, the same at every start as long
// as nobody else takes them. A port in want that is not 0 was asked for: when
// it is taken that is an error (a *port.InUseError). A remembered port that is
// taken is replaced, with a warning, and the new one is remembered.
//
// Call it while holding the lock: otherwise the ports may be in use by this
// home's own services.
func (h *Home) Ports(want Ports, log zerolog.Logger) (Ports, error) {
	path := h.Path("ports.json")
	var kept Ports
	if err := readJSON(path, &kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn().Err(err).Msg("The remembered ports can't be read; choosing new ones.")
		kept = Ports{}
	}
	fresh, err := port.Free(len(want.each()))
	if err != nil {
		return Ports{}, err
	}
	chosen := want
	asked, old := want.each(), kept.each()
	for i, c := range chosen.each() {
		if *asked[i].port != 0 {
			if err := port.Check(c.name, port.Addr(*c.port)); err != nil {
				return Ports{}, err
			}
			continue
		}
		*c.port = *old[i].port
		if *c.port == 0 {
			*c.port = fresh[i]
			continue
		}
		if err := port.Check(c.name, port.Addr(*c.port)); err != nil {
			log.Warn().Int("was", *c.port).Int("now", fresh[i]).Str("service", c.name).
				Msg("Another program uses the remembered port; choosing another one.")
			*c.port = fresh[i]
		}
	}
	if chosen == kept {
		return chosen, nil
	}
	return chosen, h.replaceFile(path, encode(chosen))
}
