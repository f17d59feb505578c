package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/codec"
	"lossatlas/workers/internal/exit"
)

// codecServer is one call of `lossatlas codec`.
type codecServer struct {
	*app.App
	listen, cert, key, tokenFile string
	origins                      []string
}

func codecCommand(a *app.App) *cobra.Command {
	r := &codecServer{App: a}
	cmd := app.Command("codec", "Decrypt payloads for the Temporal UI and command line, until interrupted", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return r.serve(cmd.Context()) })
	cmd.Long = cmd.Short + `.

With --codec-keys FILE, everything that a Temporal server elsewhere is given is encrypted before (AES-256-GCM), and it
shows payloads as binary/encrypted. This decrypts without giving the keys away: the UI sends it encrypted payloads, from
the browser (its settings take the address as remote codec), and so does the command line:

  lossatlas codec key keys                            makes the file, the same for every run and worker
  lossatlas codec --codec-keys keys --ui-origin https://temporal.example.com
  temporal workflow show -w sweep-fig3 --codec-endpoint http://127.0.0.1:8081

Every client that reaches it can decrypt, on a shared machine each of its users. --token-file holds a token that every request must
have (temporal --codec-auth "Bearer TOKEN"). Without it, --listen takes loopback addresses only; a proxy on this machine may
check the access token that the UI passes on. Other addresses belong behind TLS, too (--tls-cert, --tls-key). --ui-origin only
keeps the pages of others out of a browser.

A file of keys has one a line: an ID, a space, and 32 bytes in base64. The first encrypts, all decrypt. To change keys,
add the new one as second line everywhere and start workers again, then make it the first, and take the old one out when
no history needs it any more.`
	cmd.Flags().StringVar(&r.listen, "listen", "127.0.0.1:8081", "`host:port` to listen on; other than 127.0.0.1 only with --token-file")
	cmd.Flags().StringSliceVar(&r.origins, "ui-origin", nil, "`URL` of a Temporal UI whose pages may ask, such as https://temporal.example.com")
	cmd.Flags().StringVar(&r.cert, "tls-cert", "", "PEM `file` with the certificate to serve https with")
	cmd.Flags().StringVar(&r.key, "tls-key", "", "PEM `file` with the key of --tls-cert")
	cmd.Flags().StringVar(&r.tokenFile, "token-file", "", "`file` with a token that every request must have")
	cmd.AddCommand(app.Command("key [FILE]", "Draw a key and add its line to a file of keys, or print it", cobra.MaximumNArgs(1),
		func(_ *cobra.Command, args []string) error { return codecKey(a, args) }))
	return cmd
}

// codecKey draws a key, for a file that only its owner may read.
func codecKey(a *app.App, files []string) (err error) {
	if len(files) == 0 {
		_, err = fmt.Fprintln(a.Out, codec.NewKey())
		return err
	}
	f, err := os.OpenFile(files[0], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	_, err = fmt.Fprintln(f, codec.NewKey())
	return errors.Join(err, f.Close())
}

const (
	requestTimeout = 30 * time.Second // for a whole request to come
	stopPatience   = 5 * time.Second  // for those under way to be answered after an interrupt
)

func (r *codecServer) serve(ctx context.Context) error {
	r.StartLog(zerolog.InfoLevel, nil) // it needs no home
	handler, err := r.handler()
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadTimeout: requestTimeout, ErrorLog: log.New(r.Log, "", 0)}
	scheme := "http"
	if r.cert != "" {
		pair, err := tls.LoadX509KeyPair(r.cert, r.key)
		if err != nil {
			return exit.Usagef("--tls-cert and --tls-key: %w", err)
		}
		server.TLSConfig, scheme = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, "https"
	}
	l, err := net.Listen("tcp", r.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w; choose another address", r.listen, err)
	}
	address := scheme + "://" + l.Addr().String()
	if r.Settings.Output != "text" {
		if err := r.PrintJSON(map[string]string{"codec": address}); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	r.Say("decrypting at %s until interrupted (Ctrl-C)", address)
	if r.tokenFile == "" {
		r.Say("every user of this machine can decrypt here; give --token-file to restrict it")
	}
	ended := make(chan error, 1)
	go func() {
		if r.cert != "" {
			ended <- server.ServeTLS(l, "", "")
		} else {
			ended <- server.Serve(l)
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	return server.Shutdown(last)
}

// handler answers requests, with the keys, from the origins that the flags name.
func (r *codecServer) handler() (http.Handler, error) {
	if r.Settings.CodecKeys == "" {
		return nil, exit.Usagef("there are no keys to decrypt with: name a file with --codec-keys or LOSSATLAS_CODEC_KEYS (`lossatlas codec key` writes a line for it)")
	}
	host, _, err := net.SplitHostPort(r.listen)
	if err != nil {
		return nil, exit.Usagef("--listen: %q is not host:port; write 127.0.0.1:8081", r.listen)
	}
	if ip := net.ParseIP(host); r.tokenFile == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, exit.Usagef("--listen %s: every client that reaches this address could decrypt, with or without TLS; give --token-file FILE with a token that every request must have, or listen on 127.0.0.1 behind a proxy that authenticates", r.listen)
	}
	if (r.cert == "") != (r.key == "") {
		return nil, exit.Usagef("--tls-cert and --tls-key go together: give both, or neither")
	}
	for _, origin := range r.origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return nil, exit.Usagef("--ui-origin: %q is no origin; write https://host or http://host:port, without a path", origin)
		}
	}
	keys, err := codec.Read(r.Settings.CodecKeys)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	o := codec.HandlerOptions{Origins: r.origins}
	if r.tokenFile != "" {
		if o.Token, err = codec.ReadToken(r.tokenFile); err != nil {
			return nil, exit.With(exit.Usage, err)
		}
	}
	return keys.Handler(o), nil
}
