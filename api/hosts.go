package api

import (
	"net/netip"
	"os"
	"strings"
)

// hosts are the names by which the service may be called. They stop DNS
// rebinding: the owner of a web page can point the page's name at our address, so
// that the browser lets the page use our shells; but then the Host header has
// that name. An IP address cannot be pointed elsewhere, so all are allowed.
type hosts struct {
	any   bool
	names map[string]bool
}

func newHosts(allowed []string) hosts {
	h := hosts{names: map[string]bool{"localhost": true}}
	if own, err := os.Hostname(); err == nil { // without a name there is nothing to allow
		h.names[canonicalHost(own)] = true
	}
	for _, a := range allowed {
		if a == "*" {
			h.any = true
		}
		h.names[canonicalHost(strings.TrimSpace(a))] = true
	}
	delete(h.names, "")
	return h
}

// allow reports whether a Host header is allowed. It ignores the port.
func (h hosts) allow(host string) bool {
	if h.any {
		return true
	}
	name := withoutPort(host)
	if bare, ok := strings.CutPrefix(name, "["); ok {
		bare, ok = strings.CutSuffix(bare, "]")
		address, err := netip.ParseAddr(bare)
		return ok && err == nil && address.Is6()
	}
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Is4()
	}
	return h.names[canonicalHost(name)]
}

func withoutPort(host string) string {
	colon := strings.LastIndexByte(host, ':')
	if colon < 0 || strings.HasSuffix(host, "]") {
		return host
	}
	for _, b := range []byte(host[colon+1:]) {
		if b < '0' || b > '9' {
			return host // not a port: no name matches this
		}
	}
	return host[:colon]
}

func canonicalHost(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
