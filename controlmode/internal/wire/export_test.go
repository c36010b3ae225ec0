package wire

// ParseNotification is parseNotification.
var ParseNotification = parseNotification

// Body is the part of the open block that the decoder holds.
func (d *Decoder) Body() []byte { return d.body }
