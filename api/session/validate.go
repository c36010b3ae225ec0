package session

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

	"interplexer/controlmode"
)

// Limits of what a caller may ask for.
const (
	MaxSize       = 10_000    // cells, either way: tmux's own limit
	MaxNameLength = 64        // characters
	MaxInput      = 1 << 20   // bytes of one send
	maxCommand    = 128 << 10 // bytes of a command or of an environment: the kernel's limit for one string
	maxWords      = 1000
)

const (
	defaultWidth  = 80
	defaultHeight = 24
)

// A name is a label for people: letters, digits and the marks that need no
// quoting anywhere.
var nameForm = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.:@/+-]*( [\p{L}\p{M}\p{N}_.:@/+-]+)*$`)

var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkCreate fills in defaults and reports every field that cannot be.
func (r *Registry) checkCreate(o *CreateOptions) error {
	var bad InvalidError
	checkName(o.Name, bad.complain)
	o.Width = checkSize("width", o.Width, defaultWidth, bad.complain)
	o.Height = checkSize("height", o.Height, defaultHeight, bad.complain)
	o.Cwd = checkCwd(o.Cwd, bad.complain)
	checkEnv(o.Env, bad.complain)
	checkLabels(o.Labels, bad.complain)
	r.checkCommand(o, bad.complain)
	return bad.orNil()
}

// checkProgram reports every field of a program that cannot be.
func (r *Registry) checkProgram(rec *record, p Program, complain func(field, detail string)) controlmode.ProgramOptions {
	in := CreateOptions{Command: p.Command, Cwd: rec.row.Cwd, Env: p.Env}
	if p.Cwd != "" {
		in.Cwd = checkCwd(p.Cwd, complain)
	}
	checkEnv(p.Env, complain)
	r.checkCommand(&in, complain)
	return controlmode.ProgramOptions{Dir: p.Cwd, Env: p.Env, Command: p.Command}
}

// checkWindowName takes any text that tmux keeps as it is.
func checkWindowName(name string, complain func(field, detail string)) {
	switch {
	case utf8.RuneCountInString(name) > MaxNameLength:
		complain("name", fmt.Sprintf("is longer than %d characters", MaxNameLength))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		complain("name", "holds a control character")
	}
}

func checkName(name string, complain func(field, detail string)) {
	switch {
	case name == "":
	case utf8.RuneCountInString(name) > MaxNameLength:
		complain("name", fmt.Sprintf("is longer than %d characters", MaxNameLength))
	case !nameForm.MatchString(name):
		complain("name", "may hold letters, digits, single blanks and _ . : @ / + - and starts with a letter, a digit or _")
	}
}

func checkSize(field string, size, standard int, complain func(field, detail string)) int {
	switch {
	case size == 0:
		return standard
	case size < 1 || size > MaxSize:
		complain(field, fmt.Sprintf("is not between 1 and %d", MaxSize))
	}
	return size
}

// checkCwd: tmux would start in the home folder, without a word, if the folder
// were missing.
func checkCwd(cwd string, complain func(field, detail string)) string {
	if cwd == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "/"
		}
		return home
	}
	if !filepath.IsAbs(cwd) || strings.Contains(cwd, "\x00") {
		complain("cwd", "is not an absolute path")
		return cwd
	}
	if !utf8.ValidString(cwd) {
		complain("cwd", "is not UTF-8") // the store keeps text
		return cwd
	}
	if info, err := os.Stat(cwd); err != nil || !info.IsDir() {
		complain("cwd", "is not a folder on this machine")
	}
	return cwd
}

func checkEnv(env map[string]string, complain func(field, detail string)) {
	total := 0
	for name, value := range env {
		total += len(name) + len(value)
	}
	if total > maxCommand || len(env) > maxWords {
		complain("env", fmt.Sprintf("is more than %d variables or %d bytes", maxWords, maxCommand))
		return
	}
	// In order, so that the same request always gets the same answer.
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !variableForm.MatchString(name) {
			complain("env", fmt.Sprintf("holds a name, %q, that is not letters, digits and _", name))
		} else if strings.Contains(env[name], "\x00") {
			complain("env."+name, "holds a NUL byte")
		}
	}
}

// checkCommand: tmux would make a session that ends at once if there were no
// such program.
func (r *Registry) checkCommand(o *CreateOptions, complain func(field, detail string)) {
	if o.Command == nil {
		return
	}
	total := 0
	for i, word := range o.Command {
		total += len(word)
		if strings.Contains(word, "\x00") || !utf8.ValidString(word) {
			complain(fmt.Sprintf("command[%d]", i), "holds a NUL byte or is not UTF-8")
			return
		}
	}
	switch {
	case len(o.Command) == 0 || o.Command[0] == "":
		complain("command", "is empty; leave it out for a login shell")
	case total > maxCommand || len(o.Command) > maxWords:
		complain("command", fmt.Sprintf("is more than %d words or %d bytes", maxWords, maxCommand))
	case !r.executable(o):
		complain("command[0]", "is not a program on this machine")
	}
}

// executable looks for the program where the new session would.
func (r *Registry) executable(o *CreateOptions) bool {
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
