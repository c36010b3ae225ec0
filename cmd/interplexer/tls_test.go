package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// With a certificate the service may listen on any address, speaks HTTP/2 and
// serves no plain HTTP.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	cert, key, roots := s.certificate()
	v := s.start("--listen", "0.0.0.0:0", "--tls-cert", cert, "--tls-key", key)
	require.Contains(t, v.url, "https://127.0.0.1:")
	v.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	v.client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	res, _, err := v.do(s.firstToken(), "GET", "/api/sessions", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "HTTP/2.0", res.Proto)

	v.url = "http" + v.url[len("https"):]
	res, _, err = v.do(s.firstToken(), "GET", "/api/sessions", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	v.stop()
}

// certificate creates a self-signed certificate for 127.0.0.1.
func (s *site) certificate() (certFile, keyFile string, roots *x509.CertPool) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(s.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(s.t, err)
	certFile, keyFile = filepath.Join(s.tmp, "cert.pem"), filepath.Join(s.tmp, "key.pem")
	require.NoError(s.t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(s.t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	roots = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	require.NoError(s.t, err)
	roots.AddCert(parsed)
	return certFile, keyFile, roots
}
