package loopback

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// param is the query parameter of a link that has the token.
const param = "token"

// Guard restricts web servers on loopback to the user who has their link, in a browser of this machine. It refuses other
// users, pages of other sites, and sites whose name was made to point here (DNS rebinding).
//
// Each process draws a new token: after its end, another program may listen on its ports and receive the cookies of pages
// that are still open.
type Guard struct {
	// Token is part of the links, 130 random bits.
	Token string
	// cookie and value are sent by a browser that has opened a link. The ports of a host share their cookies, so one link
	// opens all servers of a guard.
	cookie, value string
}

// NewGuard draws a token. Guards of the same scope share the name of their cookies, so that the latest replaces the others.
func NewGuard(scope string) *Guard {
	g := &Guard{Token: rand.Text()}
	name, mac := sha256.Sum256([]byte(scope)), hmac.New(sha256.New, []byte(g.Token))
	mac.Write([]byte("cookie"))
	g.cookie, g.value = "lossatlas-"+hex.EncodeToString(name[:4]), hex.EncodeToString(mac.Sum(nil))
	return g
}

// Link is an address with the token; "" stays "".
func Link(address, token string) string {
	u, err := url.Parse(address)
	if address == "" || token == "" || err != nil {
		return address
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.RawQuery = url.Values{param: {token}}.Encode()
	return u.String()
}

// Protect returns h, restricted.
func (g *Guard) Protect(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "SAMEORIGIN")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		query := r.URL.Query()
		switch {
		case !isLoopback(r.Host):
			refuse(w, "This server answers to 127.0.0.1 and localhost only.")
		case isForeign(r):
			refuse(w, "Pages of other sites may not ask this server.")
		case query.Has(param) && hmac.Equal([]byte(query.Get(param)), []byte(g.Token)):
			http.SetCookie(w, &http.Cookie{Name: g.cookie, Value: g.value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
			query.Del(param)
			forward(w, r, query)
		case !g.admits(r):
			refuse(w, "This page opens by a link that `lossatlas status` and `lossatlas open SWEEP` print, for the user who runs lossatlas. The link is another one each time that lossatlas starts.")
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// forward redirects a browser to the address without its token.
func forward(w http.ResponseWriter, r *http.Request, query url.Values) {
	to := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: query.Encode()}
	w.Header().Set("Cache-Control", "no-store")
	if r.Header.Get("Sec-Fetch-Site") != "cross-site" {
		http.Redirect(w, r, to.String(), http.StatusFound)
		return
	}
	// A redirection from a local file, as `open` writes it, would not send the strict cookie; the refresh of a page does.
	w.Header().Set("Refresh", "0; url="+to.String())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, `<!DOCTYPE html><link rel="icon" href="data:,">`) // without an icon, browsers ask for one
}

// admits reports whether a request has the cookie, in constant time.
func (g *Guard) admits(r *http.Request) bool {
	for _, c := range r.CookiesNamed(g.cookie) { // other ports may have set one, too
		if hmac.Equal([]byte(c.Value), []byte(g.value)) {
			return true
		}
	}
	return false
}

func refuse(w http.ResponseWriter, why string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, why, http.StatusForbidden)
}

// isLoopback reports whether a Host header names this machine's loopback, with or without a port. With DNS rebinding, it
// names the other site.
func isLoopback(host string) bool {
	for _, name := range []string{Host, "localhost"} {
		rest, ok := strings.CutPrefix(host, name)
		if !ok {
			continue
		}
		number, ok := strings.CutPrefix(rest, ":")
		if _, err := strconv.ParseUint(number, 10, 16); rest == "" || ok && err == nil {
			return true
		}
	}
	return false
}

// isForeign reports whether a request comes from a page of another origin, which includes other ports. Such a page may only
// link to a page here. Programs and old browsers name no site.
func isForeign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}
