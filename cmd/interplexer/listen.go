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

// endpoint is the address and the protocol that serve listens with.
type endpoint struct {
	address string
	tls     *tls.Config // nil: plain HTTP
}

// newEndpoint checks the address and loads the certificate. It listens to nothing
// yet. Other machines that reach the service get shells, so an address that is
// not a loopback one needs a certificate or --insecure-listen.
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
		return nil, usagef("--listen is %q, which other machines can reach, and without TLS anybody on the network path could read the tokens: "+
			"give --tls-cert and --tls-key, or --insecure-listen when a proxy in front does TLS", s.Listen)
	}
	return e, nil
}

// isLoopback reports whether host is localhost or a loopback address. It resolves
// no other name: that could be another address by the time it is used.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// listen opens the listener. The caller closes it.
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

// url returns the URL of the service for callers on this machine. The port is the
// listener's, because the setting may have asked for any free one.
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
