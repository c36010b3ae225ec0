//go:build !linux

package session

const unreadBytes = 0x4004667f // FIONREAD of macOS and the BSDs
