package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"interplexer/api/deadline"
)

// endpoint is where and how to serve.
type endpoint struct {
	address string
	tls     *tls.Config // nil: plain HTTP
}

// newEndpoint checks the settings before anything is started. A listener that
// other machines reach gives them shells, so it needs TLS or an explicit word.
func (s *settings) newEndpoint() (*endpoint, error) {
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return nil, usagef("--listen is %q: it must be HOST:PORT, such as 127.0.0.1:8420", s.Listen)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, usagef("--listen is %q: the port must be a number up to 65535", s.Listen)
	}
	e := &endpoint{address: s.Listen}
	switch {
	case (s.TLSCert == "") != (s.TLSKey == ""):
		return nil, usagef("--tls-cert and --tls-key go together: only one is set")
	case s.TLSCert != "":
		pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("--tls-cert and --tls-key cannot be used: %w", err)
		}
		e.tls = &tls.Config{
			Certificates: []tls.Certificate{pair},
			MinVersion:   tls.VersionTLS12,
			NextProtos:   []string{"h2", "http/1.1"},
		}
	case !isLoopback(host) && !s.InsecureListen:
		return nil, usagef("--listen is %q, which other machines can reach, and everybody on the way could read the tokens: "+
			"give --tls-cert and --tls-key, or --insecure-listen when something in front does TLS", s.Listen)
	}
	return e, nil
}

// isLoopback is strict: a name may resolve to anything by the time it is used.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func (e *endpoint) listen() (net.Listener, error) {
	l, err := net.Listen("tcp", e.address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program: stop it, or choose another address with --listen", e.address)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w", e.address, err)
	}
	l = deadline.Listen(l)
	if e.tls != nil {
		return tls.NewListener(l, e.tls), nil
	}
	return l, nil
}

// url is what to call from this machine; the port comes from the listener, as
// the setting may have asked for any.
func (e *endpoint) url(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		host, port = e.address, ""
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if e.tls != nil {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
