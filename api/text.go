package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// The functions of this file split and decode JSON with jsontext, which neither
// replaces half of a surrogate pair silently nor copies the values.

// kindOf returns the first byte of a JSON value, which identifies its type; 0 if
// there is none.
func kindOf(raw json.RawMessage) byte {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}

// partsDecoder reads JSON from a buffer without copying it.
type partsDecoder struct {
	buffer bytes.Buffer
	json   jsontext.Decoder
}

// partsDecoders saves four allocations for each body.
var partsDecoders = sync.Pool{New: func() any { return new(partsDecoder) }}

// partsOptions: only the first level is decoded here, and its names and texts are
// checked when they are decoded.
var partsOptions = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// jsonParts splits an array into its values, and an object into alternating names
// and values. They are parts of raw. The error is nil only if raw is one whole
// array or object.
func jsonParts(raw json.RawMessage) ([]json.RawMessage, error) {
	d := partsDecoders.Get().(*partsDecoder)
	defer func() {
		d.buffer = bytes.Buffer{} // raw may be large
		d.json.Reset(&d.buffer)
		partsDecoders.Put(d)
	}()
	d.buffer = *bytes.NewBuffer(raw)
	d.json.Reset(&d.buffer, partsOptions...)
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	parts := make([]json.RawMessage, 0, 8)
	for kind := d.json.PeekKind(); kind != '}' && kind != ']'; kind = d.json.PeekKind() {
		value, err := d.json.ReadValue()
		if err != nil {
			return nil, err
		}
		end := d.json.InputOffset()
		parts = append(parts, raw[end-int64(len(value)):end])
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := d.json.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("api: JSON goes on after its end")
	}
	return parts, nil
}

// decodeText decodes a JSON value that should be a string. If it is not one, or
// has half of a surrogate pair, problem says so.
func decodeText(raw json.RawMessage) (text, problem string) {
	if kindOf(raw) != '"' {
		return "", "must be a string"
	}
	var room [64]byte // short texts need no other
	decoded, err := jsontext.AppendUnquote(room[:0], bytes.Trim(raw, " \t\r\n"))
	if err != nil {
		return "", "has half of a surrogate pair, which is no character"
	}
	return string(decoded), ""
}
