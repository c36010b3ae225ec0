package controlmode_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"interplexer/controlmode"
)

var exampleCount atomic.Int64

// exampleSocket returns a name for a tmux socket that nobody else uses. end ends the
// tmux server on it and removes its files.
func exampleSocket() (name string, end func()) {
	name = fmt.Sprintf("ipxexample-%d-%d", os.Getpid(), exampleCount.Add(1))
	return name, func() {
		_ = exec.Command("tmux", "-L", name, "kill-server").Run() // it may have ended already
		base := os.Getenv("TMUX_TMPDIR")
		if base == "" {
			base = "/tmp"
		}
		path := filepath.Join(base, "tmux-"+strconv.Itoa(os.Getuid()), name)
		_ = os.Remove(path)
		_ = os.Remove(path + ".interplexer")
	}
}

// exampleServer starts a Server on a private tmux server.
func exampleServer(ctx context.Context) (server *controlmode.Server, client controlmode.Client, end func()) {
	socket, endTmux := exampleSocket()
	server = controlmode.NewServer(controlmode.ServerOptions{SocketName: socket})
	if err := server.Start(ctx); err != nil {
		log.Fatal(err)
	}
	id, err := server.Current(ctx)
	if err != nil {
		log.Fatal(err)
	}
	return server, server.On(id), func() {
		server.Close()
		endTmux()
	}
}

// A Server starts tmux if need be, and keeps a connection to it.
func ExampleServer() {
	ctx := context.Background()
	socket, end := exampleSocket()
	defer end()

	server := controlmode.NewServer(controlmode.ServerOptions{SocketName: socket})
	if err := server.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	id, err := server.Current(ctx) // one process of tmux
	if err != nil {
		log.Fatal(err)
	}
	client := server.On(id) // its commands
	fmt.Println(server.State(), client.Ping(ctx))
	// Output: connected <nil>
}

// A session runs a program on a screen. Keys go in, and the screen comes out.
func ExampleClient() {
	ctx := context.Background()
	server, client, end := exampleServer(ctx)
	defer end()
	id, err := server.Current(ctx)
	if err != nil {
		log.Fatal(err)
	}

	pane, err := client.NewSession(ctx, controlmode.NewSessionOptions{
		Name: "greeter", Width: 40, Height: 3,
		Command: []string{"sh", "-c", `read name; echo "Hello, $name."; tmux wait-for -S greeted; exec cat`},
	})
	if err != nil {
		log.Fatal(err)
	}
	target := controlmode.ActivePane(pane.Session)
	if err := client.SendKeys(ctx, target, new(controlmode.Input).Bytes("world").Keys("Enter")); err != nil {
		log.Fatal(err)
	}
	// The program says when it has answered, so there is no need to poll.
	if err := exec.Command("tmux", "-S", id.Socket, "wait-for", "greeted").Run(); err != nil {
		log.Fatal(err)
	}
	screen, err := client.CapturePane(ctx, target)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", screen)
	// Output: "world\nHello, world.\n\n"
}

// Notifications are a loop.
func ExampleSubscription_All() {
	ctx := context.Background()
	server, client, end := exampleServer(ctx)
	defer end()
	pane, err := client.NewSession(ctx, controlmode.NewSessionOptions{Name: "draft", Command: []string{"cat"}})
	if err != nil {
		log.Fatal(err)
	}

	sub := server.Subscribe(64)
	defer sub.Close()
	if err := client.RenameSession(ctx, pane.Session, "final"); err != nil {
		log.Fatal(err)
	}
	for n := range sub.All(ctx) {
		switch n := n.(type) {
		case controlmode.SessionRenamed:
			fmt.Println("now called", n.Name)
			return
		case controlmode.Connected, controlmode.Missed:
			// Something may have been missed: list the sessions.
		}
	}
	// Output: now called final
}

// A Hub receives the output of programs.
func ExampleHub() {
	ctx := context.Background()
	server, client, end := exampleServer(ctx)
	defer end()
	pane, err := client.NewSession(ctx, controlmode.NewSessionOptions{Name: "echo", Command: []string{"cat"}})
	if err != nil {
		log.Fatal(err)
	}

	told := make(chan controlmode.Output, 64)
	hub, err := server.OpenHub(ctx, func(n controlmode.Notification) {
		if out, ok := n.(controlmode.Output); ok {
			select { // the connection's reader must not wait
			case told <- out:
			default:
			}
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	defer hub.Close()
	if err := hub.Link(ctx, pane.Window); err != nil {
		log.Fatal(err)
	}
	if err := client.SendKeys(ctx, controlmode.ActivePane(pane.Session), new(controlmode.Input).Bytes("ping")); err != nil {
		log.Fatal(err)
	}
	var printed []byte // tmux splits it anywhere
	for string(printed) != "ping" {
		out := <-told
		printed = append(printed, out.Data...)
	}
	fmt.Printf("%s printed %q\n", pane.Pane, printed)
	// Output: %1 printed "ping"
}

// Errors say what happened, and so whether to send a command again.
func Example_errors() {
	ctx := context.Background()
	_, client, end := exampleServer(ctx)
	defer end()

	_, err := client.CapturePane(ctx, controlmode.ActivePane(12345))
	var refused *controlmode.CommandError
	switch {
	case errors.Is(err, controlmode.ErrNotFound) && errors.As(err, &refused):
		fmt.Println("tmux says:", refused.Message)
	case errors.Is(err, controlmode.ErrOverloaded), errors.Is(err, controlmode.ErrDown):
		fmt.Println("not sent: try later")
	case errors.Is(err, controlmode.ErrUnknownOutcome):
		fmt.Println("look whether it was done before sending it again")
	case errors.Is(err, controlmode.ErrServerGone):
		fmt.Println("that tmux server has ended, and its sessions with it")
	}

	_, err = client.NewSession(ctx, controlmode.NewSessionOptions{Name: "twin", Command: []string{"cat"}})
	fmt.Println(err)
	_, err = client.NewSession(ctx, controlmode.NewSessionOptions{Name: "twin", Command: []string{"cat"}})
	fmt.Println(errors.Is(err, controlmode.ErrDuplicate))

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	fmt.Println(client.Ping(cancelled))
	// Output:
	// tmux says: can't find session: $12345
	// <nil>
	// true
	// context canceled
}
