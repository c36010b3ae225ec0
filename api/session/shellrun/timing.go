package shellrun

import "time"

// The times of this package, the shortest first.
const (
	// startingPoll is how often it is looked whether a program that tmux has just
	// started has become a shell, and readPoll whether a shell has read its input.
	startingPoll = time.Millisecond
	readPoll     = 2 * time.Millisecond
	// promptPoll is how often it is looked, at first and at last, whether a shell
	// waits at its prompt.
	promptPoll    = 50 * time.Microsecond
	maxPromptPoll = 5 * time.Millisecond
	// writePoll is how long a write to a terminal waits for room before it looks at
	// the time.
	writePoll = 50 * time.Millisecond
	// reportTime is how long a report that was made may take to arrive.
	reportTime = 100 * time.Millisecond
	// A program that tmux has just started may take startingTime to become a shell,
	// such as a sh that execs one, from when it is first seen.
	startingTime = 200 * time.Millisecond
	// When the shell has ended, its output counts as complete after nothing has come
	// for endedQuiet, or after endedTime: another program may take its place.
	endedQuiet = 200 * time.Millisecond
	endedTime  = 3 * time.Second
	// aliveEvery is how often it is looked whether the shell is still there, besides
	// when the session changes.
	aliveEvery = 500 * time.Millisecond
	// promptTime is how long a shell may take to come back to its prompt.
	promptTime = 2 * time.Second
	// outputQuiet is how long no output may come of a command that has ended before
	// the rest counts as lost.
	outputQuiet = 3 * time.Second
	// takeTime is how long a shell may take to begin with the script.
	takeTime = 5 * time.Second
	// startTime bounds the start of a run, however short the caller's time: a caller
	// for whom the run has not begun by then could not know what becomes of it.
	startTime = 10 * time.Second
	// keptFor is how long the end of a run is remembered.
	keptFor = 10 * time.Minute
)
