package main_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"

	"lossatlas/workers/embedded/s3"
)

// readerKey and readerSecret are an account that may only what buckets let it.
const readerKey, readerSecret = "reader", "reader-secret"

// serveUsers serves an S3 store of two accounts, the owner of everything and the reader.
func serveUsers(dir, addr string) error {
	buckets, accounts, attributes := filepath.Join(dir, "buckets"), filepath.Join(dir, "accounts"), filepath.Join(dir, "attributes")
	for _, d := range []string{buckets, accounts, attributes} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	owner := auth.Account{Access: accessKey, Secret: secretKey, Role: auth.RoleAdmin}
	iam, err := auth.NewInternal(owner, accounts)
	if err != nil {
		return err
	}
	if err := iam.CreateAccount(auth.Account{Access: readerKey, Secret: readerSecret, Role: auth.RoleUser}); err != nil && !errors.Is(err, auth.ErrUserExists) {
		return err
	}
	beside, err := meta.NewSideCar(attributes)
	if err != nil {
		return err
	}
	backend, err := posix.New(buckets, beside, posix.PosixOpts{})
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(context.Background(), backend, &embedgw.Config{
		RootUserAccess: owner.Access, RootUserSecret: owner.Secret, Region: s3.Region, Ports: []string{addr}, IAMService: iam,
		MaxConnections: 100, MaxRequests: 100, MultipartMaxParts: 100, KeepAlive: true, Quiet: true, DisableACLs: true,
	})
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // PEM of its certificate
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), name+".pem")}
	a.cert, a.key = a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(24 * time.Hour)})
	writePEM(t, a.file, "CERTIFICATE", a.cert.Raw)
	return a
}

// sign makes a certificate, signed by the authority, or by itself when that has none yet.
func (a *authority) sign(t testing.TB, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	c.SerialNumber, c.NotBefore = big.NewInt(time.Now().UnixNano()), time.Now().Add(-48*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c, key
}

// server is a certificate for a server of an IP address or a name, valid for a while from now, or until a while ago.
func (a *authority) server(t *testing.T, name string, valid time.Duration) tls.Certificate {
	t.Helper()
	c := &x509.Certificate{DNSNames: []string{name}, NotAfter: time.Now().Add(valid), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(name); ip != nil {
		c.IPAddresses, c.DNSNames = []net.IP{ip}, nil
	}
	c, key := a.sign(t, c)
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key}
}

// client is a certificate for a client, as the settings that name its files.
func (a *authority) client(t *testing.T) []string {
	t.Helper()
	c, key := a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writePEM(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", c.Raw)
	writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", der)
	return []string{"TEMPORAL_TLS_CLIENT_CERT_PATH=" + filepath.Join(dir, "cert.pem"), "TEMPORAL_TLS_CLIENT_KEY_PATH=" + filepath.Join(dir, "key.pem")}
}

func writePEM(t testing.TB, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// silent takes what servers complain of: those whom they refuse, and those who hang up.
var silent = log.New(io.Discard, "", 0)

// front serves a handler, over TLS if there is a config, and returns its host:port.
func front(t *testing.T, h http.Handler, config *tls.Config) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = silent
	srv.EnableHTTP2 = true
	if srv.TLS = config; config != nil {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// toStore passes requests on to an S3 store as they are, or changed.
func toStore(addr string, change func(*http.Request)) http.Handler {
	return &httputil.ReverseProxy{ErrorLog: silent, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: addr})
		r.Out.Host = r.In.Host // which is signed
		if change != nil {
			change(r.Out)
		}
	}}
}

// sign signs a request anew, as the owner of the store does whose clock is so much slow.
func sign(r *http.Request, slow time.Duration) {
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		r.Header.Del(name)
	}
	err := v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, r,
		r.Header.Get("X-Amz-Content-Sha256"), "s3", s3.Region, time.Now().Add(-slow))
	if err != nil {
		panic(err)
	}
}

// toTemporal passes requests on to a Temporal server, except those that deny refuses, by its method's path.
func toTemporal(addr string, deny func(*http.Request) bool) http.Handler {
	plain := new(http.Protocols)
	plain.SetUnencryptedHTTP2(true)
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: addr}) },
		Transport:     &http.Transport{Protocols: plain},
		FlushInterval: -1,
		ErrorLog:      silent,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if deny != nil && deny(r) && !strings.HasSuffix(r.URL.Path, "/GetSystemInfo") { // as a server with an authorizer does
			h := w.Header()
			h.Set("Content-Type", "application/grpc")
			h.Set("Grpc-Status", "7")
			h.Set("Grpc-Message", "Request unauthorized.")
			return
		}
		proxy.ServeHTTP(w, r)
	})
}
