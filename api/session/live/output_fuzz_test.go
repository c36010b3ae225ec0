package live

import (
	"encoding/binary"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

// outputModel is the expected state of an output: everything that was ever written, and
// the places where bytes were lost. byteAt computes the byte at an offset, so that the
// model keeps none.
type outputModel struct {
	output
	t       *testing.T
	on      bool   // somebody has asked
	end     uint64 // offset of the next byte
	lost    uint64 // no cursor below it can be followed
	waiting []<-chan struct{}
}

// byteAt is the byte at an offset. Some bytes are parts of a character.
func byteAt(offset uint64) byte { return byte(offset*167>>3) ^ byte(offset>>9) }

func bytesAt(from, n uint64) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byteAt(from + uint64(i))
	}
	return data
}

func (m *outputModel) add(n uint64) {
	m.output.write(bytesAt(m.end, n))
	if m.on {
		m.end += n
		m.woken()
	}
}

func (m *outputModel) lose(forget bool) {
	if forget {
		m.output.evict()
		require.Zero(m.t, m.output.size())
	} else {
		m.output.gap()
	}
	if m.on {
		m.end++
		m.lost = m.end
		m.woken()
	}
}

// woken requires that all who waited were woken.
func (m *outputModel) woken() {
	for _, c := range m.waiting {
		select {
		case <-c:
		default:
			require.Fail(m.t, "somebody still waits")
		}
	}
	m.waiting = nil
}

// follow reads from an offset on. Output that is not older than half of MaxKeptOutput
// must be there.
func (m *outputModel) follow(epoch string, from uint64, n int) {
	mustBe := from >= m.lost && from <= m.end && m.end-from <= MaxKeptOutput/2
	mayBe := from >= m.lost && from <= m.end && m.end-from <= MaxKeptOutput
	data, more, err := m.output.read(epoch, from, n)
	if err != nil {
		require.ErrorIs(m.t, err, session.ErrGap)
		require.False(m.t, mustBe, "no gap between %d and %d", from, m.end)
		require.False(m.t, m.output.follows(epoch, from, 1<<62))
		return
	}
	require.True(m.t, mayBe, "read from %d, the last gap is at %d and the end at %d", from, m.lost, m.end)
	left := m.end - from
	require.Equal(m.t, bytesAt(from, min(left, uint64(n))), append([]byte{}, data...))
	require.Equal(m.t, left == 0, more != nil)
	if more != nil {
		m.waiting = append(m.waiting, more)
		select {
		case <-more:
			require.Fail(m.t, "woken when there is no more")
		default:
		}
	}
	whole := left == 0 || utf8.RuneStart(byteAt(from))
	require.Equal(m.t, whole, m.output.follows(epoch, from, left))
	require.False(m.t, left > 0 && m.output.follows(epoch, from, left-1))
}

// FuzzOutputRing does anything to an output. A read returns the bytes that were written
// from there on, or reports a gap, and the kept output is bounded. An operation is three
// bytes: its kind, and a number.
func FuzzOutputRing(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01\x00\x10\x04\x00\x08\x02\x00\x00\x04\x00\x00"))
	f.Add([]byte("\x01\x00\x01\x00\x00\x00\x01\xff\xff\x01\xff\xff\x04\x40\x00\x05\x00\x01\x01\x80\x00\x06\x00\x00\x03\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x01\x80\x00\x01\x80\x01\x04\x80\x01\x04\x80\x02\x07\x00\x00\x01\x7f\xff\x04\x7f\xff"))
	f.Fuzz(func(t *testing.T, operations []byte) {
		m := &outputModel{t: t}
		epoch := ""
		for ; len(operations) >= 3; operations = operations[3:] {
			n := uint64(binary.BigEndian.Uint16(operations[1:]))
			switch operations[0] % 8 {
			case 0:
				m.on = true
				now, end := m.output.record()
				require.Equal(t, m.end, end)
				require.True(t, epoch == "" || epoch == now, "listening again changes nothing")
				epoch = now
			case 1:
				m.add(n * 5) // more than all that is kept, at most
			case 2, 3:
				m.lose(operations[0]%8 == 3)
			case 4:
				m.follow(epoch, m.end-min(m.end, n*5), 1+int(n)*3)
			case 5:
				m.follow(epoch, m.end+n-5, 100)
			case 6:
				m.follow(epoch, n<<48, 1)
			case 7:
				_, _, err := m.output.read("another", m.end, 1)
				require.ErrorIs(t, err, session.ErrGap)
			}
			require.LessOrEqual(t, len(m.output.kept), MaxKeptOutput)
			require.LessOrEqual(t, m.output.size(), 2*MaxKeptOutput)
		}
	})
}
