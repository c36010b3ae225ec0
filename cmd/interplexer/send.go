package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"interplexer/api/client"
)

func newSend(s *settings) *cobra.Command {
	var o sendOptions
	cmd := &cobra.Command{
		Use:   "send SESSION [TEXT…]",
		Short: "Type into a session",
		Long: `Types the text, then Enter; several texts are joined by blanks. Without a text it
is read from standard input, and typed as --paste or --text say, or as raw bytes.`,
		Example: `  interplexer send build 'make test'
  interplexer send --keys build C-c Up Enter
  interplexer send --hex build 1b5b41
  interplexer send --paste build <notes.txt
  interplexer send build -- -x`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().BoolVar(&o.keys, "keys", false, "each TEXT is a key by tmux's name, such as C-c or Up, or else typed")
	cmd.Flags().BoolVar(&o.text, "text", false, "type the text without Enter")
	cmd.Flags().BoolVar(&o.hex, "hex", false, "the text is bytes, as pairs of hexadecimal digits")
	cmd.Flags().BoolVar(&o.paste, "paste", false, "paste the text, bracketed when the program asked for that")
	cmd.Flags().StringVar(&o.pane, "pane", "", "`id` of a pane such as %5 (default the active one)")
	cmd.MarkFlagsMutuallyExclusive("keys", "text", "hex", "paste")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, texts []string) error {
		in, err := o.input(texts, cmd.InOrStdin())
		if err != nil {
			return err
		}
		if o.pane != "" {
			in.Pane = &o.pane
		}
		return service.Send(ctx, id, in)
	})
}

type sendOptions struct {
	keys, text, hex, paste bool
	pane                   string
}

// input is what is typed: the texts, or what stdin has.
func (o sendOptions) input(texts []string, stdin io.Reader) (client.Input, error) {
	if len(texts) == 0 {
		return o.inputFrom(stdin)
	}
	text := strings.Join(texts, " ")
	switch {
	case o.keys:
		return client.PressedKeys(texts...), nil
	case o.text:
		return client.Input{Text: &text}, nil
	case o.paste:
		return client.Input{Paste: &text}, nil
	case o.hex:
		text = strings.ReplaceAll(text, " ", "")
		return client.Input{Hex: &text}, nil
	}
	return client.TypedLine(text), nil
}

// maxStdin is what the service takes at once.
const maxStdin = 1 << 20

func (o sendOptions) inputFrom(stdin io.Reader) (client.Input, error) {
	if o.keys || o.hex {
		return client.Input{}, usagef("what to type is missing")
	}
	data, err := io.ReadAll(io.LimitReader(stdin, maxStdin+1))
	switch {
	case err != nil:
		return client.Input{}, fmt.Errorf("cannot read standard input: %w", err)
	case len(data) > maxStdin:
		return client.Input{}, fmt.Errorf("standard input has more than %d bytes, which is what can be typed at once", maxStdin)
	case (o.text || o.paste) && !utf8.Valid(data):
		return client.Input{}, errors.New("standard input is not UTF-8: leave --text and --paste out to type its bytes")
	}
	text := string(data)
	switch {
	case o.text:
		return client.Input{Text: &text}, nil
	case o.paste:
		return client.Input{Paste: &text}, nil
	}
	text = hex.EncodeToString(data)
	return client.Input{Hex: &text}, nil
}
