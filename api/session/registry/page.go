package registry

import (
	"context"
	"slices"

	"interplexer/api/session"
)

// Page returns those of the caller's sessions that o chooses.
func (r *Registry) Page(ctx context.Context, p session.Principal, o session.PageOptions) (session.Page, error) {
	all, err := r.List(ctx, p)
	if err != nil {
		return session.Page{}, err
	}
	chosen := slices.DeleteFunc(all, func(s session.Session) bool { return !chooses(o, s) })
	if o.Limit > 0 && len(chosen) > o.Limit {
		return session.Page{Sessions: chosen[:o.Limit], More: true}, nil
	}
	return session.Page{Sessions: chosen}, nil
}

func chooses(o session.PageOptions, s session.Session) bool {
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
