package session

import (
	"context"
	"slices"
)

// PageOptions choose some of a caller's sessions; the zero value is all.
type PageOptions struct {
	Status []Status          // any of them
	Labels map[string]string // all of them
	After  int64             // only greater ids
	Limit  int               // 0: no limit
}

// Page is a part of a caller's sessions, in the order of their ids.
type Page struct {
	Sessions []Session
	More     bool // there are others after them
}

// Page returns those of the caller's sessions that o chooses.
func (r *Registry) Page(ctx context.Context, p Principal, o PageOptions) (Page, error) {
	all, err := r.List(ctx, p)
	if err != nil {
		return Page{}, err
	}
	chosen := slices.DeleteFunc(all, func(s Session) bool { return !o.chooses(s) })
	if o.Limit > 0 && len(chosen) > o.Limit {
		return Page{Sessions: chosen[:o.Limit], More: true}, nil
	}
	return Page{Sessions: chosen}, nil
}

func (o PageOptions) chooses(s Session) bool {
	if s.ID <= o.After || len(o.Status) > 0 && !slices.Contains(o.Status, s.Status) {
		return false
	}
	for name, value := range o.Labels {
		if has, ok := s.Labels[name]; !ok || has != value {
			return false
		}
	}
	return true
}
