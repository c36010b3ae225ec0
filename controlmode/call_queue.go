package controlmode

import "slices"

// callQueue is a first-in first-out queue of calls. It keeps its storage and
// moves it only when half of it has been taken.
type callQueue struct {
	calls []*call
	first int
}

func (q *callQueue) len() int { return len(q.calls) - q.first }

func (q *callQueue) push(k *call) {
	if q.first > 32 && q.first > len(q.calls)/2 {
		n := copy(q.calls, q.calls[q.first:])
		clear(q.calls[n:])
		q.calls, q.first = q.calls[:n], 0
	}
	q.calls = append(q.calls, k)
}

// head is the oldest call, nil if there is none.
func (q *callQueue) head() *call {
	if q.len() == 0 {
		return nil
	}
	return q.calls[q.first]
}

// pop takes the oldest call; there must be one.
func (q *callQueue) pop() *call {
	k := q.calls[q.first]
	q.calls[q.first] = nil
	q.first++
	return k
}

// remove takes one call out, wherever it stands; false: it is not there.
func (q *callQueue) remove(k *call) bool {
	i := slices.Index(q.calls[q.first:], k)
	if i < 0 {
		return false
	}
	q.calls = slices.Delete(q.calls, q.first+i, q.first+i+1)
	return true
}

// takeAll empties the queue.
func (q *callQueue) takeAll() []*call {
	all := q.calls[q.first:]
	*q = callQueue{}
	return all
}
