package home

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/rs/zerolog"

	"lossatlas/workers/internal/loopback"
)

// Ports are the loopback ports of the services; 0 means "not chosen".
type Ports struct {
	Temporal int `json:"temporal"`
	UI       int `json:"ui"`
	S3       int `json:"s3"`
	Pages    int `json:"pages"`
}

// namedPort is a port with its service's name in messages.
type namedPort struct {
	service string
	port    *int
}

func (p *Ports) each() []namedPort {
	return []namedPort{{"the Temporal server", &p.Temporal}, {"the Temporal UI", &p.UI}, {"the S3 endpoint", &p.S3}, {"the pages of sweeps", &p.Pages}}
}

// check refuses numbers that are no ports, and one port for two services.
func (p *Ports) check() error {
	seen := map[int]string{}
	for _, c := range p.each() {
		switch other, twice := seen[*c.port]; {
		case *c.port < 0 || *c.port > 65535:
			return fmt.Errorf("%s has port %d, want 1 to 65535", c.service, *c.port)
		case twice && *c.port != 0:
			return fmt.Errorf("%s and %s have the same port %d", other, c.service, *c.port)
		}
		seen[*c.port] = c.service
	}
	return nil
}

// Ports returns free ports for the services, the same at every start unless another program takes one: that one is
// replaced, with a warning. The caller holds the lock, since the home's own services may use the ports otherwise.
func (h *Home) Ports(log zerolog.Logger) (Ports, error) {
	path := h.Path("ports.json")
	var kept Ports
	err := ReadJSON(path, &kept)
	if err == nil {
		err = kept.check()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn().Err(err).Str("file", path).Msg("The remembered ports are not usable; choosing new ones.")
		kept = Ports{}
	}
	chosen := kept
	fresh, err := loopback.FreePorts(len(chosen.each()))
	if err != nil {
		return Ports{}, err
	}
	for i, c := range chosen.each() {
		was := *c.port
		if was != 0 && loopback.CheckPort(c.service, loopback.Address(was)) == nil {
			continue
		}
		*c.port = fresh[i]
		if was != 0 {
			log.Warn().Int("was", was).Int("now", fresh[i]).Str("service", c.service).
				Msg("Another program uses the remembered port; choosing another one.")
		}
	}
	if chosen == kept {
		return chosen, nil
	}
	return chosen, h.WriteJSON(path, chosen)
}
