package session

import (
	"crypto/rand"
	"encoding/hex"
)

// RandomID returns 128 random bits in hexadecimal.
func RandomID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (Go 1.24)
	return hex.EncodeToString(b[:])
}
