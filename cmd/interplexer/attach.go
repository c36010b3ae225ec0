package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
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
		Long: `Shows the session in this terminal and types into it what is typed here, until the
detach key is pressed or the session ends. The session gets this terminal's size.`,
		Example: "  interplexer attach build\n  interplexer attach --detach-key C-] build",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&o.Pane, "pane", "", "`id` of a pane such as %5 (default the active one, whichever it is)")
	cmd.Flags().BoolVar(&o.View, "view", false, "look only; the session keeps its size")
	cmd.Flags().StringVar(&key, "detach-key", `C-\`, "`key` that detaches")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, _ []string) error {
		detach, err := controlKey(key)
		if err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		remote, err := service.Attach(ctx, id, o)
		if err != nil {
			return err
		}
		defer remote.Close()
		tty, err := openTTY()
		if err != nil {
			return err
		}
		why, err := (&attachment{remote: remote, tty: tty, view: o.View, detach: detach}).run(ctx)
		if why != "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "[%s]\n", why)
		}
		return err
	})
}

var controlKeyForm = regexp.MustCompile(`^C-[a-zA-Z@\[\\\]^_]$`)

// controlKey is the byte that a key such as C-\ sends.
func controlKey(name string) (byte, error) {
	if !controlKeyForm.MatchString(name) {
		return 0, usagef(`--detach-key is %q: it must be C- and a letter or one of @ [ \ ] ^ _`, name)
	}
	return name[2] & 0x1f, nil
}

// attachment is a terminal here on a session there.
type attachment struct {
	remote *client.Terminal
	tty    *tty
	view   bool
	detach byte
}

var errDetached = errors.New("detached")

// run shows and types until one side ends it, and says why.
func (a *attachment) run(ctx context.Context) (why string, err error) {
	defer a.tty.restore()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go a.typeKeys(ctx, end)
	go a.followSize(ctx)
	status, err := a.show(ctx)
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

// show draws what it is told until the session's end, of which it returns the
// status.
func (a *attachment) show(ctx context.Context) (status string, err error) {
	for {
		event, err := a.remote.Next(ctx)
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

// typeKeys types what is read here, until the detach key, and ends the rest then.
// If it cannot, show hears why. Its read ends with the program.
func (a *attachment) typeKeys(ctx context.Context, end context.CancelCauseFunc) {
	keys := make([]byte, 32<<10)
	for {
		n, err := a.tty.Read(keys)
		if err != nil {
			end(fmt.Errorf("cannot read the terminal: %w", err))
			return
		}
		before, _, detach := bytes.Cut(keys[:n], []byte{a.detach})
		if len(before) > 0 && !a.view {
			if a.remote.Type(ctx, before) != nil {
				return
			}
		}
		if detach {
			end(errDetached)
			return
		}
	}
}

// followSize gives the session this terminal's size, now and whenever it
// changes. If it cannot, show hears why.
func (a *attachment) followSize(ctx context.Context) {
	changes := make(chan os.Signal, 1)
	signal.Notify(changes, syscall.SIGWINCH)
	defer signal.Stop(changes)
	for {
		if width, height, err := a.tty.size(); err == nil && !a.view && width > 0 && height > 0 {
			if a.remote.Resize(ctx, width, height) != nil {
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
