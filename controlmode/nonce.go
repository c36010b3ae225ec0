package controlmode

import (
	"crypto/rand"
	"encoding/hex"
)

// randomNonce is 128 random bits in hexadecimal.
func randomNonce() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (Go 1.24)
	return hex.EncodeToString(b[:])
}
