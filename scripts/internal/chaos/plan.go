package main

import (
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"time"
)

// source is an actor's own stream of random numbers: what one draws does not
// depend on how fast the others go.
func source(seed uint64, actor string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(actor)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// fault is one thing that goes wrong.
type fault struct {
	kind  kind
	lasts time.Duration // from kind.least to kind.most
	pick  float64       // which session, or the like
	after time.Duration // pause before it
}

// kind is a kind of fault.
type kind struct {
	name        string
	weight      int           // how often, beside the others
	least, most time.Duration // that it lasts
	postgres    bool          // only where there is one
	do          func(*chaos, fault) error
}

const (
	minPause = 50 * time.Millisecond
	maxPause = 700 * time.Millisecond
)

// plan is the endless sequence of faults that a seed stands for.
func plan(seed uint64, kinds []kind) iter.Seq[fault] {
	random := source(seed, "faults")
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	return func(yield func(fault) bool) {
		for {
			f := fault{kind: choose(random, kinds, total), pick: random.Float64()}
			f.lasts = f.kind.least + time.Duration(random.Float64()*float64(f.kind.most-f.kind.least))
			f.after = minPause + time.Duration(random.Float64()*float64(maxPause-minPause))
			if !yield(f) {
				return
			}
		}
	}
}

func choose(random *rand.Rand, kinds []kind, total int) kind {
	n := random.IntN(total)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			return k
		}
	}
	panic("chaos: the weights do not add up") // cannot happen
}

// choice is what a client does next.
type choice struct {
	do    string
	pick  float64 // which session
	seed  uint64  // of what is typed
	think time.Duration
}

const maxThink = 60 * time.Millisecond

// choices is the endless sequence of what an actor does.
func choices(seed uint64, actor string, weights map[string]int) iter.Seq[choice] {
	random := source(seed, actor)
	var deck []string
	for _, what := range deeds {
		for range weights[what] {
			deck = append(deck, what)
		}
	}
	return func(yield func(choice) bool) {
		for {
			c := choice{
				do: deck[random.IntN(len(deck))], pick: random.Float64(), seed: random.Uint64(),
				think: time.Duration(random.Float64() * float64(maxThink)),
			}
			if !yield(c) {
				return
			}
		}
	}
}

// at chooses one of n.
func at(pick float64, n int) int { return min(int(pick*float64(n)), n-1) }
