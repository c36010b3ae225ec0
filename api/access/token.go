package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

const (
	tokenPrefix = "ipx_" // lets secret scanners recognise one that leaked
	tokenBytes  = 32
)

// tokenLength is that of every token: base64url without padding.
var tokenLength = len(tokenPrefix) + base64.RawURLEncoding.EncodedLen(tokenBytes)

// NewToken makes a token and the hash under which it is stored. The plain form
// is shown once and kept nowhere.
func NewToken() (plain string, hash [32]byte) {
	var secret [tokenBytes]byte
	// Never fails: a system without randomness ends the program instead.
	_, _ = rand.Read(secret[:])
	plain = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return plain, HashToken(plain)
}

// HashToken is what the store knows a token by. One unsalted round is enough:
// a token is 256 random bits, so there is nothing to guess.
func HashToken(plain string) [32]byte {
	var room [64]byte // that a token fits in, without garbage
	return sha256.Sum256(append(room[:0], plain...))
}

// wellFormed reports whether plain could be a token at all, so that garbage is
// refused without asking the store.
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
