package controltest_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// startMessenger stands for the code under test.
func startMessenger(t *testing.T, client controlmode.Client) controlmode.SessionID {
	pane, err := client.NewSession(t.Context(), controlmode.NewSessionOptions{Name: "messenger", Command: []string{"cat"}})
	if err != nil {
		t.Fatal(err)
	}
	return pane.Session
}

// onARealTmux is a test with a tmux of its own.
func onARealTmux(t *testing.T) {
	socket := controltest.SocketName(t)
	server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
	id, err := server.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	session := startMessenger(t, server.On(id))
	name := controltest.Tmux(t, socket, "display-message", "-p", "-t", session.String(), "#{session_name}")
	if name != "messenger\n" {
		t.Errorf("the session is called %q", name)
	}
}

// counting makes nonces that are the same in every run.
func counting() func() string {
	var n atomic.Int64
	return func() string { return fmt.Sprintf("%032x", n.Add(1)) }
}

// onRecording records on a real tmux, and replays that without one.
func onRecording(t *testing.T) {
	file := filepath.Join(t.TempDir(), "messenger.txt") // as a rule, a file in testdata
	var recorder controltest.Recorder
	conn, _, err := controlmode.Dial(t.Context(), controlmode.DialOptions{
		SocketName: controltest.SocketName(t),
		Conn:       controlmode.ConnOptions{Trace: recorder.Trace, Nonce: counting()},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	recorded := startMessenger(t, conn.Client)
	if err := recorder.WriteFile(file); err != nil {
		t.Fatal(err)
	}

	replay, _, err := controlmode.NewConn(controltest.NewReplay(t, file), controlmode.ConnOptions{Nonce: counting()})
	if err != nil {
		t.Fatal(err)
	}
	defer replay.Close()
	if again := startMessenger(t, replay.Client); again != recorded {
		t.Errorf("the session is %s, and was %s", again, recorded)
	}
}

// Two tests of code that uses a Client: one on a real tmux, and one on its recording.
func Example() {
	tests := map[string]func(*testing.T){
		"TestOnARealTmux": onARealTmux,
		"TestOnRecording": onRecording,
	}
	fmt.Println(len(tests), "tests")
	// Output: 2 tests
}
