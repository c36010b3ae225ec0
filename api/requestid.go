package api

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync/atomic"
)

const maxRequestID = 64

// requestIDs names requests: the client's own name when it is harmless, else
// one that no other request to any server has.
type requestIDs struct {
	process string
	last    *atomic.Uint64
}

func newRequestIDs() requestIDs {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return requestIDs{process: hex.EncodeToString(b[:]) + "-", last: new(atomic.Uint64)}
}

func (r requestIDs) of(req *http.Request) string {
	if given := req.Header["X-Request-Id"]; len(given) == 1 && harmless(given[0]) {
		return given[0]
	}
	var room [maxRequestID]byte
	return string(strconv.AppendUint(append(room[:0], r.process...), r.last.Add(1), 10))
}

func harmless(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		switch b := id[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '.', b == '_', b == '-':
		default:
			return false
		}
	}
	return true
}
