// Package wire is the format of tmux's control mode: it turns commands into bytes,
// and bytes into answers and notifications. It does no I/O, starts no goroutine and
// reads no clock.
//
// From here to tmux: a [Command] is the text of one command line. Text of any origin
// is quoted ([AppendQuoted]) and kept from tmux's formats ([EscapeFormat]). A [Target]
// names a pane by ids. A [Frame] says how the answer is told from the text in it, and
// [Frame.AppendLine] writes the line together with the nonce that the frame needs.
// [LiteralPrefix] and [HexPrefix] split text that is typed as keys.
//
// From tmux to here: a [Decoder] takes the lines of the stream. It fills an [Answer]
// of [Block]s for each command, and reads each line outside of them as a
// [Notification]. A [RecordReader] reads the fields of a block's body. [BufferText],
// [FirstLines] and [FirstBytes] find the text of a paste buffer in a body, and
// [SGRState] is the style at a point of captured text.
//
// The package controlmode is its only caller. A Conn there owns the stream, and the
// Client's methods build commands and read their answers.
package wire
