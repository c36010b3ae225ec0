// Package shellrun runs commands: in the interactive shell of a pane, or, for exec,
// as the program of a session of its own. A run has the output of its command byte
// for byte, and its exit code.
//
// In a shell, the Runner waits until the shell is at its prompt, and types one line
// that has it read a script. The script, whose parts differ from shell to shell,
// evaluates the command between two marks, which terminals ignore, and reports
// through a pipe when the command begins and ends. For exec, the session's own
// command does the same, so that nothing is typed.
//
// The main types: Runner, which api calls; run, which is one command;
// recorder, which records a pane's output between the marks; shellTerminal, which is
// a pane's terminal and the shell in its foreground; script, which is the files that
// a shell reads. It works on Linux only.
package shellrun
