package session

import (
	"crypto/rand"
	"encoding/hex"
)

// randomUID is 128 random bits in hexadecimal.
func randomUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (Go 1.24)
	return hex.EncodeToString(b[:])
}
