package controlmode

// What the tests in controlmode_test see of the inside.

type Capability = capability

const (
	LeakyCapture         = leakyCapture
	EncodedBuffers       = encodedBuffers
	ToldBuffers          = toldBuffers
	EncodedLists         = encodedLists
	CaptureTrimPositions = captureTrimPositions
	CaptureMode          = captureMode
	PasteUnescaped       = pasteUnescaped
)

func (v Version) Has(c Capability) bool { return v.has(c) }

func (c capability) Evidence() string { return capabilities[c].evidence }
