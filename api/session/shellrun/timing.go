package shellrun

import "time"

// The times of this package, the shortest first.
const (
	// startingPoll is the time between two looks at a program that tmux has just
	// started, until it is a shell. readPoll is the time between two looks at a shell
	// until it has read its input.
	startingPoll = time.Millisecond
	readPoll     = 2 * time.Millisecond
	// promptPoll is the first pause between two looks for a shell's prompt. Each pause
	// is twice as long as the one before, up to maxPromptPoll.
	promptPoll    = 50 * time.Microsecond
	maxPromptPoll = 5 * time.Millisecond
	// writePoll is how long a write to a full terminal waits for room before it checks
	// its deadline.
	writePoll = 50 * time.Millisecond
	// reportTime bounds the time in which a report that was sent arrives.
	reportTime = 100 * time.Millisecond
	// becomeShellTime is how long a program that tmux has just started may take to
	// become a shell, as a sh does that executes one. It counts from when the
	// program is no longer a fork of tmux.
	becomeShellTime = 200 * time.Millisecond
	// When the shell has ended, its output counts as complete after nothing has come
	// for endedQuiet, or after endedTime: another program may take its place.
	endedQuiet = 200 * time.Millisecond
	endedTime  = 3 * time.Second
	// aliveEvery is the time between two looks whether the shell still runs. A change
	// of the session causes one, too.
	aliveEvery = 500 * time.Millisecond
	// promptTime is how long a shell may take to come back to its prompt.
	promptTime = 2 * time.Second
	// outputQuiet: when a command has ended and no output has come for so long, the
	// rest of its output counts as lost.
	outputQuiet = 3 * time.Second
	// beginTime is how long a shell may take to begin with the script.
	beginTime = 5 * time.Second
	// startTime bounds the start of a run. The caller's timeout does not, even if it is
	// shorter: a caller who left before the run has an id could not find it again.
	startTime = 10 * time.Second
	// endTime bounds the call that ends the session of a program.
	endTime = 10 * time.Second
	// keptFor is how long the result of a run is kept.
	keptFor = 10 * time.Minute
)
