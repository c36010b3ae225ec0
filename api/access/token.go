package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

const (
	tokenPrefix = "ipx_" // lets secret scanners recognise a token that leaked
	tokenBytes  = 32
)

// tokenLength is the length of every token: the prefix, and base64url without padding.
var tokenLength = len(tokenPrefix) + base64.RawURLEncoding.EncodedLen(tokenBytes)

// NewToken makes a token and the hash under which it is stored. The plain form is shown once
// and stored nowhere.
func NewToken() (plain string, hash [32]byte) {
	var secret [tokenBytes]byte
	// Never fails: without a source of randomness the program ends (Go 1.24).
	_, _ = rand.Read(secret[:])
	plain = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return plain, HashToken(plain)
}

// HashToken returns the hash under which a token is stored. One round of SHA-256 without a
// salt is enough: a token has 256 random bits, so it cannot be guessed.
func HashToken(plain string) [32]byte {
	var room [64]byte // a token fits in, so that nothing is allocated
	return sha256.Sum256(append(room[:0], plain...))
}

// wellFormed reports whether plain has the form of a token. Other text is refused without a
// query.
func wellFormed(plain string) bool {
	if len(plain) != tokenLength || plain[:len(tokenPrefix)] != tokenPrefix {
		return false
	}
	for _, c := range []byte(plain[len(tokenPrefix):]) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}
