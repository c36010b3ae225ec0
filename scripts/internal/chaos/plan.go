package main

import (
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"time"
)

// source returns the random numbers of one client, or of the faults. Each has its own
// sequence, so that it does not depend on how fast the others run.
func source(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// fault is one fault of the plan.
type fault struct {
	kind  kind
	lasts time.Duration // from kind.least to kind.most
	pick  float64       // chooses the session, from 0 to 1
	after time.Duration // pause before the fault
}

const (
	minPause = 50 * time.Millisecond
	maxPause = 700 * time.Millisecond
)

// plan returns the endless sequence of faults that a seed stands for.
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

// choice is the next action of a client.
type choice struct {
	do    string
	pick  float64       // chooses the session, from 0 to 1
	seed  uint64        // of the text that is typed, and the like
	think time.Duration // pause after the action
}

const maxThink = 60 * time.Millisecond

// choices returns the endless sequence of a client's actions.
func choices(seed uint64, name string, weights map[string]int) iter.Seq[choice] {
	random := source(seed, name)
	var weighted []string
	for _, action := range actions {
		for range weights[action] {
			weighted = append(weighted, action)
		}
	}
	return func(yield func(choice) bool) {
		for {
			c := choice{
				do: weighted[random.IntN(len(weighted))], pick: random.Float64(), seed: random.Uint64(),
				think: time.Duration(random.Float64() * float64(maxThink)),
			}
			if !yield(c) {
				return
			}
		}
	}
}

// at returns the index, of n, that a pick stands for.
func at(pick float64, n int) int { return min(int(pick*float64(n)), n-1) }
