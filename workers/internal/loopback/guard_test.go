package loopback_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"lossatlas/workers/internal/loopback"
)

const address = "http://127.0.0.1:1234"

var inside = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "inside") })

// ask asks for a path, as a browser on this machine does.
func ask(g *loopback.Guard, method, link string, cookies []*http.Cookie, header map[string]string) *http.Response {
	r := httptest.NewRequest(method, link, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	if host, ok := header["Host"]; ok {
		r.Host = host
	}
	w := httptest.NewRecorder()
	g.Protect(inside).ServeHTTP(w, r)
	return w.Result()
}

// enter opens a link and returns the cookies that it sets.
func enter(t *testing.T, g *loopback.Guard) []*http.Cookie {
	t.Helper()
	r := ask(g, http.MethodGet, loopback.Link(address+"/a/b%2Fc", g.Token)+"&x=1", nil, nil)
	if r.StatusCode != http.StatusFound || r.Header.Get("Location") != address+"/a/b%2Fc?x=1" {
		t.Fatalf("a link: %s, to %s", r.Status, r.Header.Get("Location"))
	}
	cookies := r.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || cookies[0].Path != "/" || cookies[0].Domain != "" {
		t.Fatalf("a link sets %v", cookies)
	}
	if strings.Contains(cookies[0].String(), g.Token) {
		t.Error("the cookie has the token")
	}
	return cookies
}

// TestWhoMayAsk: anyone who has opened the link, by this machine's own name, from a page of the same server.
func TestWhoMayAsk(t *testing.T) {
	g := loopback.NewGuard("home")
	cookies := enter(t, g)
	forged := []*http.Cookie{{Name: cookies[0].Name, Value: "x"}}
	navigation := func(site, dest string) map[string]string {
		return map[string]string{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": dest}
	}
	const get, post = http.MethodGet, http.MethodPost
	for _, c := range []struct {
		what    string
		method  string
		cookies []*http.Cookie
		header  map[string]string
		want    int
	}{
		{"with the cookie", get, cookies, nil, http.StatusOK},
		{"a cookie of the same name from another port before it", get, append(forged, cookies...), nil, http.StatusOK},
		{"a form of its own", post, cookies, map[string]string{"Origin": address, "Sec-Fetch-Site": "same-origin"}, http.StatusOK},
		{"localhost", get, cookies, map[string]string{"Host": "localhost:1234"}, http.StatusOK},
		{"no port", get, cookies, map[string]string{"Host": "127.0.0.1"}, http.StatusOK},
		{"typed", get, cookies, navigation("none", "document"), http.StatusOK},
		{"a link in a page of another port", get, cookies, navigation("same-site", "document"), http.StatusOK},
		{"no cookie", get, nil, nil, http.StatusForbidden},
		{"no cookie, to post", post, nil, nil, http.StatusForbidden},
		{"an empty cookie", get, []*http.Cookie{{Name: cookies[0].Name}}, nil, http.StatusForbidden},
		{"a forged cookie", get, forged, nil, http.StatusForbidden},
		{"the token as cookie", get, []*http.Cookie{{Name: cookies[0].Name, Value: g.Token}}, nil, http.StatusForbidden},
		{"a name that was made to point here", get, cookies, map[string]string{"Host": "evil.example:1234"}, http.StatusForbidden},
		{"our name with a port that is none", get, cookies, map[string]string{"Host": "127.0.0.1:evil.example"}, http.StatusForbidden},
		{"our name in brackets", get, cookies, map[string]string{"Host": "[127.0.0.1]:80"}, http.StatusForbidden},
		{"a name that begins like ours", get, cookies, map[string]string{"Host": "127.0.0.1.evil.example"}, http.StatusForbidden},
		{"no name", get, cookies, map[string]string{"Host": ""}, http.StatusForbidden},
		{"a page elsewhere", get, cookies, map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		{"a page elsewhere, by its origin", get, cookies, map[string]string{"Origin": "http://evil.example"}, http.StatusForbidden},
		{"a page of nowhere", post, cookies, map[string]string{"Origin": "null"}, http.StatusForbidden},
		{"a page of another port", post, cookies, map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}, http.StatusForbidden},
		{"a form elsewhere", post, cookies, navigation("cross-site", "document"), http.StatusForbidden},
		{"a frame elsewhere", get, cookies, navigation("cross-site", "iframe"), http.StatusForbidden},
	} {
		r := ask(g, c.method, address+"/", c.cookies, c.header)
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != c.want || strings.Contains(string(body), "inside") != (c.want == http.StatusOK) {
			t.Errorf("%s: %s, want %d, with %q", c.what, r.Status, c.want, body)
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Referrer-Policy") != "no-referrer" || r.Header.Get("X-Frame-Options") != "SAMEORIGIN" || len(r.Cookies()) > 0 {
			t.Errorf("%s: the headers are %v", c.what, r.Header)
		}
	}
	for _, link := range []string{"/?token=", "/?token=x", "/?token=" + loopback.NewGuard("home").Token} {
		if r := ask(g, get, address+link, nil, nil); r.StatusCode != http.StatusForbidden || len(r.Cookies()) > 0 {
			t.Errorf("%s: %s, and it sets %v", link, r.Status, r.Cookies())
		}
	}
	if r := ask(loopback.NewGuard("home"), get, address+"/", cookies, nil); r.StatusCode != http.StatusForbidden {
		t.Errorf("the cookie of an earlier start: %s", r.Status)
	}
	if name := enter(t, loopback.NewGuard("home"))[0].Name; name != cookies[0].Name {
		t.Errorf("the next start of a home leaves the cookie %s and sets %s", cookies[0].Name, name)
	}
	if name := enter(t, loopback.NewGuard("other home"))[0].Name; name == cookies[0].Name {
		t.Error("two homes replace each other's cookies")
	}
}

// TestListen: a server listens on loopback only, lets in anyone who has the link, and stops.
func TestListen(t *testing.T) {
	g := loopback.NewGuard("home")
	l, err := g.Listen("a test", inside, 0, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(l.URL(), "http://127.0.0.1:") {
		t.Errorf("it listens on %s", l.URL())
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		client *http.Client
		link   string
		want   int
	}{
		{http.DefaultClient, l.URL(), http.StatusForbidden},
		{&http.Client{Jar: jar}, loopback.Link(l.URL(), g.Token), http.StatusOK},
		{&http.Client{Jar: jar}, l.URL(), http.StatusOK},
	} {
		r, err := c.client.Get(c.link)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", c.link, r.Status, c.want)
		}
	}
	taken := strings.TrimPrefix(l.URL(), "http://")
	if err := loopback.CheckPort("a test", taken); err == nil {
		t.Error("its port is free")
	}
	if err := l.Stop(); err != nil {
		t.Error(err)
	}
	if err := loopback.CheckPort("a test", taken); err != nil {
		t.Error(err)
	}
}
