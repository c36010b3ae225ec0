package db

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// Writes are done in the order of the calls; the ids show it.
func TestWritesQueueInOrder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), Options{Path: path})
		require.NoError(t, err)
		first, err := s.CreateUser(t.Context(), "first", false)
		require.NoError(t, err)

		held, err := s.writer.Conn(t.Context())
		require.NoError(t, err)
		var waiting sync.WaitGroup
		ids := make([]int64, 20)
		for i := range ids {
			waiting.Go(func() {
				u, err := s.CreateUser(t.Context(), fmt.Sprint("user", i), false)
				if err != nil {
					t.Error(err)
				}
				ids[i] = u.ID - first.ID
			})
			synctest.Wait() // it is in the queue
		}
		require.NoError(t, held.Close())
		waiting.Wait()
		require.NoError(t, s.Close())
		for i, id := range ids {
			require.EqualValuesf(t, i+1, id, "%v", ids)
		}
	})
}
