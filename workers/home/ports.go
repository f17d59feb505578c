package home

import (
	"errors"
	"fmt"
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

// check is an error where the ports can't be those of different services.
func (p *Ports) check() error {
	seen := map[int]string{}
	for _, c := range p.each() {
		switch other, twice := seen[*c.port]; {
		case *c.port < 0 || *c.port > 65535:
			return fmt.Errorf("%s has port %d, want 1 to 65535", c.name, *c.port)
		case twice && *c.port != 0:
			return fmt.Errorf("%s and %s have the same port %d", other, c.name, *c.port)
		}
		seen[*c.port] = c.name
	}
	return nil
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
	err := readJSON(path, &kept)
	if err == nil {
		err = kept.check()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn().Err(err).Str("file", path).Msg("The remembered ports can't be used; choosing new ones.")
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
