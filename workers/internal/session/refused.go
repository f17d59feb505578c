package session

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/codes"

	"lossatlas/artifacts"
)

// probeTimeout limits the probe of a server.
const probeTimeout = 3 * time.Second

// The beginning of an HTTP/2 connection, and the type of the frame that the server answers with.
const (
	preface      = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	frameHeader  = 9
	settingsKind = 4
)

// probe opens a connection to a Temporal server and explains errors of certificates and of TLS, for which the client would retry
// until a time limit. It leaves other errors to the client.
func probe(ctx context.Context, address string, o client.Options) error {
	config := o.ConnectionOptions.TLS
	if config == nil && o.Credentials != nil && !o.ConnectionOptions.TLSDisabled { // an API key turns TLS on
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil
	}
	defer conn.Close()
	end, _ := ctx.Deadline()
	if err := conn.SetDeadline(end); err != nil {
		return nil
	}
	if config != nil {
		if config = config.Clone(); config.ServerName == "" {
			config.ServerName, _, _ = net.SplitHostPort(address)
		}
		config.NextProtos = []string{"h2"}
		conn = tls.Client(conn, config)
	}
	var answer [frameHeader]byte
	if _, err = io.WriteString(conn, preface); err == nil { // with TLS, after the handshake
		_, err = io.ReadFull(conn, answer[:])
	}
	greeted := err == nil && answer[3] == settingsKind
	switch {
	case config != nil && err != nil:
		return refusedTLS(address, config, err)
	case config == nil && !greeted && speaksTLS(ctx, address):
		return fmt.Errorf("the server at %s requires TLS, but TLS is not enabled: set TEMPORAL_TLS=true, or use a profile with tls, or check --temporal-address", address)
	case err == nil && !greeted:
		return fmt.Errorf("the server at %s does not speak HTTP/2, so it is no Temporal server: check --temporal-address", address)
	}
	return nil // without an answer, a retry may help
}

// speaksTLS reports whether a server answers a TLS handshake, with any certificate. Nothing else is sent.
func speaksTLS(ctx context.Context, address string) bool {
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err == nil {
		conn.Close()
		return true
	}
	var remote *net.OpError
	return errors.As(err, &remote) && remote.Op == "remote error"
}

// refusedTLS explains an error of TLS; nil for one of the network.
func refusedTLS(address string, config *tls.Config, err error) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var remote *net.OpError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("the certificate of the Temporal server at %s is signed by an authority that this machine does not trust: name the certificates of its authority with TEMPORAL_TLS_SERVER_CA_CERT_PATH, or check --temporal-address (%w)", address, err)
	case errors.As(err, &name):
		return fmt.Errorf("the certificate of the Temporal server at %s is for another host name: use that in --temporal-address, or set TEMPORAL_TLS_SERVER_NAME (%w)", address, err)
	case errors.As(err, &invalid):
		return fmt.Errorf("the certificate of the Temporal server at %s is not valid: renew it, or correct this machine's clock (%w)", address, err)
	case errors.As(err, &record):
		return fmt.Errorf("the server at %s does not speak TLS, which a TEMPORAL_TLS setting, a profile or an API key requires: set TEMPORAL_TLS=false for plain text, or check --temporal-address", address)
	case !errors.As(err, &remote) || remote.Op != "remote error":
		return nil
	case len(config.Certificates) == 0 && config.GetClientCertificate == nil:
		return fmt.Errorf("the Temporal server at %s requires a client certificate: name yours with TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH (%w)", address, err)
	}
	return fmt.Errorf("the Temporal server at %s does not accept this client's certificate (TEMPORAL_TLS_CLIENT_CERT_PATH): is it signed by the authority that the server trusts, and still valid? (%w)", address, err)
}

// denied reports that a Temporal server does not know this client, or does not permit its request.
func denied(err error) bool {
	code := serviceerror.ToStatus(err).Code()
	return code == codes.PermissionDenied || code == codes.Unauthenticated
}

// refused explains that a server does not permit this client to do something in a namespace.
func refused(err error, o client.Options, what string) error {
	advice := "check the client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH), or give an API key with TEMPORAL_API_KEY"
	if o.Credentials != nil {
		advice = "check the API key (TEMPORAL_API_KEY): is it expired, and is it allowed to read and write this namespace?"
	}
	return fmt.Errorf("the Temporal server at %s does not let this client %s namespace %s: %s (%w)", o.HostPort, what, o.Namespace, advice, err)
}

// storeSetting adds the settings concerned to an error of an external store.
func storeSetting(err error) error {
	for _, s := range []struct {
		kind error
		at   string
	}{
		{artifacts.ErrCertificate, "the store is named by --s3-endpoint (LOSSATLAS_S3_ENDPOINT), its authority's certificates by --s3-ca (LOSSATLAS_S3_CA)"},
		{artifacts.ErrCredentials, "they come from LOSSATLAS_S3_ACCESS_KEY, LOSSATLAS_S3_SECRET_KEY and LOSSATLAS_S3_SESSION_TOKEN, or AWS_… for these, or a profile"},
		{artifacts.ErrAccessDenied, "let the account of LOSSATLAS_S3_ACCESS_KEY do that, or name another --s3-bucket (LOSSATLAS_S3_BUCKET)"},
		{artifacts.ErrUnreachable, "it is named by --s3-endpoint (LOSSATLAS_S3_ENDPOINT)"},
	} {
		if errors.Is(err, s.kind) {
			return fmt.Errorf("%w (%s)", err, s.at)
		}
	}
	return err
}
