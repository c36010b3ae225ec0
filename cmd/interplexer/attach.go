package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

func newAttach(s *settings) *cobra.Command {
	var o client.AttachOptions
	var key string
	cmd := &cobra.Command{
		Use:   "attach SESSION",
		Short: "Attach this terminal to a session",
		Long: `Shows the session in this terminal and sends it your keys, until you press the
detach key or the session ends. The session gets the size of this terminal.`,
		Example: "  interplexer attach build\n  interplexer attach --detach-key C-] build",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&o.Pane, "pane", "", "`id` of a pane such as %5 (default the active one, also when it changes)")
	cmd.Flags().BoolVar(&o.View, "view", false, "show the session only: send no keys and leave its size alone")
	cmd.Flags().StringVar(&key, "detach-key", `C-\`, "`key` that detaches")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		detachKey, err := controlKey(key)
		if err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		terminal, err := service.Attach(ctx, id, o)
		if err != nil {
			return err
		}
		defer terminal.Close()
		tty, err := openTTY()
		if err != nil {
			return err
		}
		reason, err := (&attachment{terminal: terminal, tty: tty, viewOnly: o.View, detachKey: detachKey}).run(ctx)
		if reason != "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "[%s]\n", reason)
		}
		return err
	})
}

var controlKeyPattern = regexp.MustCompile(`^C-[a-zA-Z@\[\\\]^_]$`)

// controlKey returns the byte that a key such as C-\ sends.
func controlKey(name string) (byte, error) {
	if !controlKeyPattern.MatchString(name) {
		return 0, usagef(`--detach-key is %q: it must be C- and a letter or one of @ [ \ ] ^ _`, name)
	}
	return name[2] & 0x1f, nil
}

// attachment connects the local terminal to the terminal of a session.
type attachment struct {
	terminal  *client.Terminal // the session's
	tty       *tty             // the local one
	viewOnly  bool
	detachKey byte
}

var errDetached = errors.New("detached")

// run copies output and input until one side ends the attachment. It returns the
// reason if that is no error. It restores the local terminal.
func (a *attachment) run(ctx context.Context) (reason string, err error) {
	defer a.tty.restore()
	var resizing sync.WaitGroup
	defer resizing.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go a.copyInput(ctx, cancel)
	resizing.Go(func() { a.forwardSize(ctx) })
	status, err := a.copyOutput(ctx)
	switch cause := context.Cause(ctx); {
	case err == nil:
		return "session " + status, nil
	case errors.Is(cause, errDetached):
		return "detached", nil
	case cause != nil && !errors.Is(cause, context.Canceled):
		return "", cause
	case cause != nil: // by a signal
		return "", errors.New("interrupted")
	}
	return "", err
}

// copyOutput writes the session's output to the local terminal until the session
// ends, and returns its status.
func (a *attachment) copyOutput(ctx context.Context) (status string, err error) {
	for {
		event, err := a.terminal.Next(ctx)
		if err != nil {
			return "", err
		}
		switch event := event.(type) {
		case client.Output:
			if _, err := a.tty.Write(event); err != nil {
				return "", err
			}
		case client.Exit:
			return event.Status, nil
		}
	}
}

// copyInput sends the keys of the local terminal to the session, until the detach
// key; then it cancels the attachment. If sending fails, the connection is broken,
// and copyOutput returns the error. Nothing interrupts a read of the terminal: it
// ends with the program.
func (a *attachment) copyInput(ctx context.Context, cancel context.CancelCauseFunc) {
	buf := make([]byte, 32<<10)
	for {
		n, err := a.tty.Read(buf)
		if err != nil {
			cancel(fmt.Errorf("cannot read the terminal: %w", err))
			return
		}
		keys, _, detached := bytes.Cut(buf[:n], []byte{a.detachKey})
		if len(keys) > 0 && !a.viewOnly {
			if a.terminal.Type(ctx, keys) != nil {
				return
			}
		}
		if detached {
			cancel(errDetached)
			return
		}
	}
}

// forwardSize gives the session the size of the local terminal, now and after
// each change. If sending fails, the connection is broken, and copyOutput returns
// the error.
func (a *attachment) forwardSize(ctx context.Context) {
	changes := make(chan os.Signal, 1)
	signal.Notify(changes, syscall.SIGWINCH)
	defer signal.Stop(changes)
	for {
		if width, height, err := a.tty.size(); err == nil && !a.viewOnly && width > 0 && height > 0 {
			if a.terminal.Resize(ctx, width, height) != nil {
				return
			}
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return
		}
	}
}
