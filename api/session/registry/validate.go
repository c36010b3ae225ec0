package registry

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"interplexer/api/session"
	"interplexer/controlmode"
)

// nameForm matches the name of a session: letters, digits, single blanks, and marks that
// need no quotes in a shell.
var nameForm = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.:@/+-]*( [\p{L}\p{M}\p{N}_.:@/+-]+)*$`)

var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkCreate fills in defaults and reports every invalid field.
func (r *Registry) checkCreate(o *session.CreateOptions) error {
	var bad session.InvalidError
	checkName(o.Name, &bad)
	o.Width = checkSize("width", o.Width, session.DefaultWidth, &bad)
	o.Height = checkSize("height", o.Height, session.DefaultHeight, &bad)
	o.Cwd = checkCwd(o.Cwd, &bad)
	checkEnv(o.Env, &bad)
	bad.CheckLabels(o.Labels)
	r.checkCommand(o, &bad)
	return bad.OrNil()
}

// checkProgram reports every invalid field of a program.
func (r *Registry) checkProgram(rec *record, p session.Program, bad *session.InvalidError) controlmode.ProgramOptions {
	in := session.CreateOptions{Command: p.Command, Cwd: rec.row.Cwd, Env: p.Env}
	if p.Cwd != "" {
		in.Cwd = checkCwd(p.Cwd, bad)
	}
	checkEnv(p.Env, bad)
	r.checkCommand(&in, bad)
	return controlmode.ProgramOptions{Dir: p.Cwd, Env: p.Env, Command: p.Command}
}

// checkWindowName accepts any text that tmux does not alter.
func checkWindowName(name string, bad *session.InvalidError) {
	switch {
	case utf8.RuneCountInString(name) > session.MaxNameLength:
		bad.Complain("name", fmt.Sprintf("is longer than %d characters", session.MaxNameLength))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		bad.Complain("name", "holds a control character")
	}
}

func checkName(name string, bad *session.InvalidError) {
	switch {
	case name == "":
	case utf8.RuneCountInString(name) > session.MaxNameLength:
		bad.Complain("name", fmt.Sprintf("is longer than %d characters", session.MaxNameLength))
	case !nameForm.MatchString(name):
		bad.Complain("name", "may hold letters, digits, single blanks and _ . : @ / + - and starts with a letter, a digit or _")
	}
}

func checkSize(field string, size, standard int, bad *session.InvalidError) int {
	switch {
	case size == 0:
		return standard
	case size < 1 || size > session.MaxSize:
		bad.Complain(field, fmt.Sprintf("is not between 1 and %d", session.MaxSize))
	}
	return size
}

// checkCwd returns the working directory, by default the home folder. It reports a missing
// folder, since tmux would silently start in the home folder instead.
func checkCwd(cwd string, bad *session.InvalidError) string {
	if cwd == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "/"
		}
		return home
	}
	if !filepath.IsAbs(cwd) || strings.Contains(cwd, "\x00") {
		bad.Complain("cwd", "is not an absolute path")
		return cwd
	}
	if !utf8.ValidString(cwd) {
		bad.Complain("cwd", "is not UTF-8") // the store only has text
		return cwd
	}
	if info, err := os.Stat(cwd); err != nil || !info.IsDir() {
		bad.Complain("cwd", "is not a folder on this machine")
	}
	return cwd
}

func checkEnv(env map[string]string, bad *session.InvalidError) {
	total := 0
	for name, value := range env {
		total += len(name) + len(value)
	}
	if total > session.MaxCommand || len(env) > session.MaxWords {
		bad.Complain("env", fmt.Sprintf("is more than %d variables or %d bytes", session.MaxWords, session.MaxCommand))
		return
	}
	// In order, so that the same request always gets the same response.
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !variableForm.MatchString(name) {
			bad.Complain("env", fmt.Sprintf("holds a name, %q, that is not letters, digits and _", name))
		} else if strings.Contains(env[name], "\x00") {
			bad.Complain("env."+name, "holds a NUL byte")
		}
	}
}

// checkCommand: tmux would make a session that ends at once if there were no
// such program.
func (r *Registry) checkCommand(o *session.CreateOptions, bad *session.InvalidError) {
	if o.Command == nil {
		return
	}
	total := 0
	for i, word := range o.Command {
		total += len(word)
		if strings.Contains(word, "\x00") || !utf8.ValidString(word) {
			bad.Complain(fmt.Sprintf("command[%d]", i), "holds a NUL byte or is not UTF-8")
			return
		}
	}
	switch {
	case len(o.Command) == 0 || o.Command[0] == "":
		bad.Complain("command", "is empty; leave it out for a login shell")
	case total > session.MaxCommand || len(o.Command) > session.MaxWords:
		bad.Complain("command", fmt.Sprintf("is more than %d words or %d bytes", session.MaxWords, session.MaxCommand))
	case !r.executable(o):
		bad.Complain("command[0]", "is not a program on this machine")
	}
}

// executable looks for the program in the folders in which the new session would.
func (r *Registry) executable(o *session.CreateOptions) bool {
	program := o.Command[0]
	if strings.Contains(program, "/") {
		if !filepath.IsAbs(program) {
			program = filepath.Join(o.Cwd, program)
		}
		_, err := exec.LookPath(program)
		return err == nil
	}
	path, ok := o.Env["PATH"]
	if !ok {
		path = r.opts.SearchPath
	}
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(o.Cwd, dir)
		}
		if _, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return true
		}
	}
	return false
}
