package home

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"

	"lossatlas/workers/internal/loopback"
)

type credentials struct {
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
}

// Credentials returns the keys of the home's S3 endpoint: random, of 130 bits and more, made at the first call.
func (h *Home) Credentials() (access, secret string, err error) {
	path := h.Path("credentials.json")
	data, err := h.once(path, func() ([]byte, error) {
		return encode(credentials{AccessKey: rand.Text(), SecretKey: rand.Text() + rand.Text()}), nil
	})
	if err != nil {
		return "", "", err
	}
	var c credentials
	if err := json.Unmarshal(data, &c); err != nil || c.AccessKey == "" || c.SecretKey == "" {
		return "", "", fmt.Errorf("%s is damaged: want access_key and secret_key; delete the file, and the next start makes new ones", path)
	}
	return c.AccessKey, c.SecretKey, nil
}

// Identity returns the certificate and key (PEM) of the home's Temporal server and its clients, made at the first call.
// They outlive the server, so that clients stay connected when it is restarted.
func (h *Home) Identity() ([]byte, error) {
	path := h.Path("tls.pem")
	pem, err := h.once(path, loopback.NewCertificate)
	if err != nil {
		return nil, err
	}
	if _, err := loopback.ClientTLS(pem); err != nil {
		return nil, fmt.Errorf("read the certificate %s: %w; delete the file, and the next start makes a new one", path, err)
	}
	return pem, nil
}

// RedirectPage writes a page of mode 0600 that redirects a browser to a link with a token, and returns its path. A link
// among the arguments of a process could be read by other users.
func (h *Home) RedirectPage(name, link string) (path string, err error) {
	if _, err := h.Folder("links"); err != nil {
		return "", err
	}
	path = h.Path("links", name+".html")
	return path, h.replaceFile(path, []byte(`<!DOCTYPE html><meta http-equiv="refresh" content="0; url=`+html.EscapeString(link)+`">`+"\n"))
}
