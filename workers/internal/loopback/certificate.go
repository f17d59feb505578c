package loopback

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
)

// lifetime counts from 1970, so that wrong clocks don't matter.
const lifetime = 200 * 365 * 24 * time.Hour

// NewCertificate returns a certificate and its key (PEM) for servers on loopback and their clients. It signs itself, and both
// ends of a connection present it and trust no other, so only processes that can read the key connect: processes of its user.
func NewCertificate() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lossatlas"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(0, 0).Add(lifetime),
		IPAddresses: []net.IP{net.ParseIP(Host)}, DNSNames: []string{"localhost"},
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

// ClientTLS is the configuration of a client that presents a certificate of [NewCertificate] and trusts only that. It is nil,
// for plain text, without a certificate.
func ClientTLS(certificate []byte) (*tls.Config, error) {
	if certificate == nil {
		return nil, nil
	}
	pair, err := tls.X509KeyPair(certificate, certificate)
	if err != nil {
		return nil, fmt.Errorf("not a certificate with its key: %w", err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(pair.Leaf)
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: trusted, ServerName: Host, MinVersion: tls.VersionTLS13}, nil
}
