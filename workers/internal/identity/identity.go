// Package identity is the certificate by which the processes of one home know each other.
//
// It signs itself, and both ends of a connection present it and trust nothing else, so only processes that can read its
// key connect: those of the home's user. There is no authority whose key would have to be kept.
package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"lossatlas/workers/internal/port"
)

// lifetime is from 1970 on, so that clocks that are wrong don't matter. Deleting the file makes a new identity.
const lifetime = 200 * 365 * 24 * time.Hour

// New makes an identity for servers on loopback and their clients: a certificate and its key as PEM.
func New() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lossatlas"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(0, 0).Add(lifetime),
		IPAddresses: []net.IP{net.ParseIP(port.Loopback)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = errors.Join(pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	return b.Bytes(), err
}

// Client is the configuration of a client that has the identity, and talks to servers that have it. Nil, for plain text,
// where there is no identity.
func Client(identity []byte) (*tls.Config, error) {
	if identity == nil {
		return nil, nil
	}
	pair, err := tls.X509KeyPair(identity, identity)
	if err != nil {
		return nil, fmt.Errorf("not a certificate with its key: %w", err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(pair.Leaf)
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: trusted, ServerName: port.Loopback, MinVersion: tls.VersionTLS13}, nil
}
