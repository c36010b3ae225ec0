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
		Long: `Types the text, then Enter. Several texts are joined with spaces. Without a
text, send reads standard input and types it without Enter: as text with --text
or --paste, else as raw bytes.`,
		Example: `  interplexer send build 'make test'
  interplexer send --keys build C-c Up Enter
  interplexer send --hex build 1b5b41
  interplexer send --paste build <notes.txt
  interplexer send build -- -x`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().BoolVar(&o.keys, "keys", false, "press each TEXT that tmux has as a key, such as C-c or Up; type any other")
	cmd.Flags().BoolVar(&o.text, "text", false, "type the text without Enter")
	cmd.Flags().BoolVar(&o.hex, "hex", false, "type the bytes that the text gives as pairs of hexadecimal digits")
	cmd.Flags().BoolVar(&o.paste, "paste", false, "paste the text, bracketed if the program has asked for bracketed paste")
	addPaneFlag(cmd.Flags(), &o.pane)
	cmd.MarkFlagsMutuallyExclusive("keys", "text", "hex", "paste")
	return s.onSession(cmd, func(ctx context.Context, service *client.Service, id int64, texts []string) error {
		in, err := o.input(texts, cmd.InOrStdin())
		if err != nil {
			return err
		}
		in.Pane = optional(o.pane)
		return service.Send(ctx, id, in)
	})
}

// maxStdin is the number of bytes that the service accepts in one request.
const maxStdin = 1 << 20

// sendOptions holds the flags of send.
type sendOptions struct {
	keys, text, hex, paste bool
	pane                   string
}

// input returns the body of the request: the texts, or else standard input.
func (o *sendOptions) input(texts []string, stdin io.Reader) (client.Input, error) {
	if len(texts) == 0 {
		return o.readInput(stdin)
	}
	text := strings.Join(texts, " ")
	switch {
	case o.keys:
		return client.PressedKeys(texts...), nil
	case o.hex:
		return client.Input{Hex: new(strings.ReplaceAll(text, " ", ""))}, nil
	case o.text, o.paste:
		return o.textInput(text), nil
	}
	return client.TypedLine(text), nil
}

// readInput returns standard input as the body of the request.
func (o *sendOptions) readInput(stdin io.Reader) (client.Input, error) {
	if o.keys || o.hex {
		return client.Input{}, usagef("TEXT is missing: --keys and --hex do not read standard input")
	}
	data, err := io.ReadAll(io.LimitReader(stdin, maxStdin+1))
	switch {
	case err != nil:
		return client.Input{}, fmt.Errorf("cannot read standard input: %w", err)
	case len(data) > maxStdin:
		return client.Input{}, fmt.Errorf("standard input has more than %d bytes, the limit of one send", maxStdin)
	case !o.text && !o.paste:
		return client.Input{Hex: new(hex.EncodeToString(data))}, nil
	case !utf8.Valid(data):
		return client.Input{}, errors.New("standard input is not UTF-8: leave out --text and --paste to type its raw bytes")
	}
	return o.textInput(string(data)), nil
}

// textInput returns the input that types text, or with --paste pastes it.
func (o *sendOptions) textInput(text string) client.Input {
	if o.paste {
		return client.Input{Paste: &text}
	}
	return client.Input{Text: &text}
}
