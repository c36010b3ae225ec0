package client

import (
	"context"
	"fmt"
)

// Wait blocks until one of the conditions of w holds. When none holds in time, it
// returns an *Error of the kind wait-timeout, whose Problem has the screen.
func (s *Service) Wait(ctx context.Context, id int64, w Wait) (Waited, error) {
	r, err := s.WaitWithResponse(ctx, id, w)
	if err != nil {
		return Waited{}, fmt.Errorf("client: wait: %w", err)
	}
	return decode(r.JSON200, r.HTTPResponse, r.Body)
}
