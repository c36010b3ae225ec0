package controlmode_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// verb is a method that sends something to tmux, or prepares it.
type verb struct {
	// arguments makes valid ones, without the context. Only a verb that takes text
	// needs them.
	arguments func(*victim) []any
	// texts are the places in the arguments that hold text of any origin, by the
	// names that textsIn gives them.
	texts []string
}

// verbs is every exported method of Client, Hub and Input.
var verbs = map[string]verb{
	"Client.CaptureLines":    {},
	"Client.CaptureJoined":   {},
	"Client.CapturePane":     {},
	"Client.CaptureScreen":   {},
	"Client.For":             {arguments: func(*victim) []any { return []any{"alice"} }, texts: []string{"0"}},
	"Client.DescribePanes":   {},
	"Client.SetRemainOnExit": {},
	"Client.KillPane":        {},
	"Client.KillSession":     {},
	"Client.KillWindow":      {},
	"Client.ListAllPanes":    {},
	"Client.ListPanes":       {},
	"Client.ListSessions":    {arguments: func(*victim) []any { return []any{"@x"} }, texts: []string{"0"}},
	"Client.NewSession": {
		arguments: newSessionArguments,
		texts:     []string{"0.Name", "0.Dir", "0.Env key", "0.Env value", "0.Command[0]", "0.Command[1]", "0.Options key", "0.Options value"},
	},
	"Client.NewWindow": {
		arguments: func(v *victim) []any {
			return []any{v.pane.Session, controlmode.NewWindowOptions{ProgramOptions: program(v), Name: "name", Detached: true, RemainOnExit: true}}
		},
		texts: programTexts("1", "1.Name"),
	},
	"Client.PaneTTY":       {},
	"Client.Ping":          {},
	"Client.RenameSession": {arguments: func(v *victim) []any { return []any{v.pane.Session, "name"} }, texts: []string{"1"}},
	"Client.RenameWindow":  {arguments: func(v *victim) []any { return []any{v.pane.Session, v.pane.Window, "name"} }, texts: []string{"2"}},
	"Client.ResizePane":    {},
	"Client.ResizeWindow":  {},
	"Client.RespawnPane": {
		arguments: func(v *victim) []any { return []any{v.newPane(), true, program(v)} },
		texts:     []string{"2.Dir", "2.Env key", "2.Env value", "2.Command[0]", "2.Command[1]"},
	},
	"Client.SelectLayout": {},
	"Client.SelectPane":   {},
	"Client.SelectWindow": {},
	"Client.SendKeys":     {}, // what it types is made by Input's
	"Client.SendKeysFrom": {}, // likewise
	"Client.SplitWindow": {
		arguments: func(v *victim) []any { return []any{v.newPane(), controlmode.SplitOptions{ProgramOptions: program(v)}} },
		texts:     programTexts("1"),
	},
	"Client.SwapPane":   {},
	"Client.ToggleZoom": {},
	"Hub.CatchUp":       {},
	"Hub.Close":         {},
	"Hub.Done":          {},
	"Hub.Err":           {},
	"Hub.SetPauseAfter": {},
	"Hub.Link":          {},
	"Hub.Lost":          {},
	"Hub.Pause":         {},
	"Hub.PauseUnlinked": {},
	"Hub.PruneWindows":  {},
	"Hub.Repaint":       {},
	"Hub.Resume":        {},
	"Hub.Server":        {},
	"Hub.Unlink":        {},
	"Input.Bytes":       {arguments: func(*victim) []any { return []any{"text"} }, texts: []string{"0"}},
	"Input.Keys":        {arguments: func(*victim) []any { return []any{[]string{"C-m", "text"}} }, texts: []string{"0[0]", "0[1]"}},
	"Input.Paste":       {arguments: func(*victim) []any { return []any{"text"} }, texts: []string{"0"}},
	"Input.RefuseMode":  {},
}

func newSessionArguments(v *victim) []any {
	v.sessions++
	return []any{controlmode.NewSessionOptions{
		Name: fmt.Sprint("s", v.sessions), Width: 40, Height: 5, Dir: v.dir, Env: map[string]string{"P": "p"},
		Command: []string{"cat", "-"}, Options: map[string]string{"@x": "x"},
	}}
}

func program(v *victim) controlmode.ProgramOptions {
	return controlmode.ProgramOptions{Dir: v.dir, Env: map[string]string{"P": "p"}, Command: []string{"cat", "-"}}
}

// programTexts are where ProgramOptions have text.
func programTexts(at string, more ...string) []string {
	at += ".ProgramOptions"
	return append(more, at+".Dir", at+".Env key", at+".Env value", at+".Command[0]", at+".Command[1]")
}

// newPane is a pane of a window of its own.
func (v *victim) newPane() controlmode.Target {
	v.Helper()
	pane, err := v.client.NewWindow(v.Context(), v.pane.Session, controlmode.NewWindowOptions{
		ProgramOptions: controlmode.ProgramOptions{Command: []string{"cat"}}, Detached: true,
	})
	require.NoError(v, err)
	return controlmode.PaneOf(pane.Session, pane.Pane)
}

// payloads run PROGRAM if tmux or a shell takes any of them for code. Some names are
// given with Options, which only a plain name may have: those payloads come last.
var payloads = []string{
	"#(PROGRAM)", "##(PROGRAM)", "x#(PROGRAM)", "#{l:#(PROGRAM)}", "#{?1,#(PROGRAM),}", "}#(PROGRAM)#{x", "@x}#(PROGRAM)#{@x", "@#(PROGRAM)",
	"#[x]#(PROGRAM)", "#[#(PROGRAM)]", "%%#(PROGRAM)", "#{E:@x}#{T:@x}", "$(PROGRAM)", "`PROGRAM`", "; run-shell -b 'PROGRAM'", ";", "\\;",
	"\"; run-shell -b 'PROGRAM'; \"", "'; run-shell -b \"PROGRAM\"; '", "\nrun-shell -b 'PROGRAM'\n", "\\\nrun-shell -b 'PROGRAM'",
	"} ; run-shell -b 'PROGRAM' ; {", "\x00#(PROGRAM)", "-F#(PROGRAM)", "$0", "=:", "\n" + strings.Repeat("%end 1 2 1\n", 30),
}

// victim is a tmux server on which only the requested programs may run.
type victim struct {
	*testing.T
	server   *controlmode.Server
	id       controlmode.ServerID
	client   controlmode.Client
	hub      *controlmode.Hub
	pane     controlmode.PaneInfo
	dir      string // holds the program, and its mark once it has run
	sessions int
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	v := &victim{T: t, dir: t.TempDir()}
	// It stays, so that one look later on shows it.
	program := "#!/bin/sh\n: >\"$0.ran\"\nexec tmux wait-for never\n"
	require.NoError(t, os.WriteFile(v.program(), []byte(program), 0o700))
	sockets := filepath.Join(v.dir, "#{pid}#(x)") // the folder's path is a text too: long input is handed over in it
	require.NoError(t, os.Mkdir(sockets, 0o700))
	env := slices.DeleteFunc(controlmode.CleanEnv(os.Environ()), func(e string) bool { return strings.HasPrefix(e, "TMUX_TMPDIR=") })
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", v.id.Socket, "kill-server").Run() })
	v.server = controltest.Start(t, controlmode.ServerOptions{SocketName: "victim", Env: append(env, "TMUX_TMPDIR="+sockets)})
	v.client, v.pane = newPane(t, v.server, "victim", "cat")
	var err error
	v.id, err = v.server.Current(t.Context())
	require.NoError(t, err)
	v.hub = openHub(t, v.server).Hub
	return v
}

// tmux runs an ordinary tmux client.
func (v *victim) tmux(args ...string) string {
	v.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", v.id.Socket}, args...)...).Output()
	require.NoError(v, err)
	return strings.TrimSpace(string(out))
}

func (v *victim) program() string { return filepath.Join(v.dir, "program") }

// testMethods are methods of export_test.go; the text of Print is code.
var testMethods = []string{"Client.Print", "Client.Same", "Client.ThroughBuffer", "Hub.Ping", "Input.Line"}

// A new method, or a new text in the arguments of an old one, must be entered into
// verbs, and so is attacked.
func TestVerbsAreKnown(t *testing.T) {
	found := map[string]bool{}
	for _, receiver := range []any{controlmode.Client{}, new(controlmode.Hub), new(controlmode.Input)} {
		of := reflect.TypeOf(receiver)
		for i := range of.NumMethod() {
			name := reflect.Indirect(reflect.ValueOf(receiver)).Type().Name() + "." + of.Method(i).Name
			if slices.Contains(testMethods, name) {
				continue
			}
			found[name] = true
			known, ok := verbs[name]
			require.True(t, ok, "verbs does not have %s", name)
			var places []string
			for p := 1; p < of.Method(i).Type.NumIn(); p++ {
				argument := reflect.New(of.Method(i).Type.In(p)).Elem()
				if argument.Type() != reflect.TypeFor[context.Context]() {
					places = append(places, placesIn(argument)...)
				}
			}
			require.Equal(t, len(places) > 0, known.arguments != nil, "%s takes text in %q", name, places)
		}
	}
	for name := range verbs {
		require.True(t, found[name], "%s is no method", name)
	}
}

// TestNothingIsExecuted puts payloads into every text of every verb. Several victims
// share the verbs.
func TestNothingIsExecuted(t *testing.T) {
	t.Parallel()
	const victims = 4
	names := slices.Sorted(maps.Keys(verbs))
	for i := range victims {
		t.Run(fmt.Sprint("victim ", i+1), func(t *testing.T) {
			t.Parallel()
			v := newVictim(t)
			for at := i; at < len(names); at += victims {
				v.T = t
				v.attack(names[at])
			}
			v.T = t
			v.requireUnharmed()
			v.requireHarmedBy("display-message -p \"#(" + v.program() + ")\"")
		})
	}
}

// attack puts payloads into every text of a verb.
func (v *victim) attack(name string) {
	t, verb := v.T, verbs[name]
	if verb.arguments == nil {
		return
	}
	var places []string
	textsIn(arguments(verb.arguments(v)), "", func(place string, _ func(string)) { places = append(places, place) })
	require.ElementsMatch(t, verb.texts, places, name)
	for _, place := range places {
		t.Run(name+" "+place, func(t *testing.T) {
			v.T = t
			for _, payload := range payloads {
				args := arguments(verb.arguments(v))
				textsIn(args, "", func(at string, set func(string)) {
					if at == place {
						set(strings.ReplaceAll(payload, "PROGRAM", v.program()))
					}
				})
				v.call(name, args)
			}
			v.requireUnharmed()
		})
	}
}

// call calls a verb, and sends the prepared input of a verb of Input.
func (v *victim) call(name string, args reflect.Value) {
	v.Helper()
	of, method, _ := strings.Cut(name, ".")
	receiver := map[string]any{"Client": v.client, "Hub": v.hub, "Input": new(controlmode.Input)}[of]
	f := reflect.ValueOf(receiver).MethodByName(method)
	var in []reflect.Value
	if f.Type().In(0) == reflect.TypeFor[context.Context]() {
		in = append(in, reflect.ValueOf(v.Context()))
	}
	for i := range args.Len() {
		in = append(in, args.Index(i).Elem())
	}
	call := f.Call
	if f.Type().IsVariadic() {
		call = f.CallSlice
	}
	out := call(in)
	var err error
	switch last := out[len(out)-1].Interface().(type) {
	case error:
		err = last
	case *controlmode.Input:
		err = v.client.SendKeys(v.Context(), controlmode.ActivePane(v.pane.Session), last)
	case controlmode.Client:
		err = last.Ping(v.Context())
	}
	v.requireHonest(err, "%s %v", name, args)
}

// requireHonest: an error, if any, is a refusal.
func (v *victim) requireHonest(err error, format string, args ...any) {
	v.Helper()
	var refused *controlmode.CommandError
	if err == nil || errors.As(err, &refused) || errors.Is(err, controlmode.ErrNUL) ||
		errors.Is(err, controlmode.ErrOptionName) || errors.Is(err, controlmode.ErrPlainName) {
		return
	}
	require.NoError(v, err, append([]any{format}, args...)...)
}

// requireUnharmed: no file was written, no process was started except those of panes,
// no command of a payload was run, and the connection is the first one.
func (v *victim) requireUnharmed() {
	v.Helper()
	require.NoError(v, v.client.Ping(v.Context()))
	require.Equal(v, 1, v.server.Connects())
	var strangers []string
	quiet := func() bool {
		strangers = v.otherChildren()
		return len(strangers) == 0
	}
	for deadline := time.Now().Add(10 * time.Second); !quiet(); { // a killed pane's program may be ending
		require.True(v, time.Now().Before(deadline), "beside the panes there runs %q", strangers)
	}
	entries, err := os.ReadDir(v.dir)
	require.NoError(v, err)
	require.Len(v, entries, 2, "%v", entries)
	require.Empty(v, v.tmux("show-options", "-qv", "-t", v.anchor(), "@x"), "an anchor's option is set")
}

// anchor is a control client's session, to which no verb gives an option.
func (v *victim) anchor() string {
	v.Helper()
	list, err := v.client.ListSessions(v.Context(), "@x")
	require.NoError(v, err)
	for _, s := range list {
		if controlmode.IsAnchor(s.Name) && s.ID == 0 {
			return s.ID.String()
		}
	}
	v.Fatal("no anchor")
	return ""
}

// requireHarmedBy: a payload that is sent as code does run and does show.
func (v *victim) requireHarmedBy(line string) {
	v.Helper()
	_, err := v.client.Print(v.Context(), line)
	require.NoError(v, err)
	require.Eventually(v, func() bool { _, err := os.Stat(v.program() + ".ran"); return err == nil }, 10*time.Second, time.Millisecond)
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		require.Len(v, v.otherChildren(), 1)
	}
}

// otherChildren are the tmux server's child processes that are no pane's program.
// Without a /proc there are none to be seen.
func (v *victim) otherChildren() []string {
	v.Helper()
	children := map[string]string{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(v, err)
	for _, file := range stats {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		pid, _, _ := strings.Cut(string(stat), " ")
		after := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if state, parent := after[0], after[1]; state != "Z" && parent == strconv.Itoa(v.id.PID) {
			children[pid] = string(stat)
		}
	}
	for pid := range strings.FieldsSeq(v.tmux("list-panes", "-a", "-F", "#{pane_pid}")) {
		delete(children, pid)
	}
	var list []string
	for _, stat := range children {
		list = append(list, stat)
	}
	return list
}

// arguments are copies that can be changed.
func arguments(args []any) reflect.Value {
	v := reflect.New(reflect.TypeFor[[]any]()).Elem()
	v.Set(reflect.ValueOf(slices.Clone(args)))
	return v
}

// placesIn lists the places where a value can hold text.
func placesIn(v reflect.Value) []string {
	var places []string
	textsIn(v, "", func(place string, _ func(string)) { places = append(places, place) })
	return places
}

// textsIn visits every place in a value that can hold text, with a function that sets
// the text there. An empty list or map gets an element for that.
func textsIn(v reflect.Value, place string, visit func(place string, set func(string))) {
	switch v.Kind() {
	case reflect.String:
		visit(place, v.SetString)
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				textsIn(v.Field(i), place+"."+field.Name, visit)
			}
		}
	case reflect.Pointer:
		replaced(v, reflect.New(v.Type().Elem()), v.Elem(), place, visit)
	case reflect.Interface:
		if !v.IsNil() {
			replaced(v, reflect.New(v.Elem().Type()), v.Elem(), place, visit)
		}
	case reflect.Slice:
		textsInSlice(v, place, visit)
	case reflect.Map:
		textsInMap(v, place, visit)
	}
}

// replaced visits the texts of a copy of the value that a pointer or an interface
// holds. The copy takes the value's place when one is set.
func replaced(v, pointer, held reflect.Value, place string, visit func(string, func(string))) {
	if held.IsValid() {
		pointer.Elem().Set(held)
	}
	textsIn(pointer.Elem(), place, func(place string, set func(string)) {
		visit(place, func(text string) {
			set(text)
			if v.Kind() == reflect.Pointer {
				v.Set(pointer)
			} else {
				v.Set(pointer.Elem())
			}
		})
	})
}

func textsInSlice(v reflect.Value, place string, visit func(string, func(string))) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		visit(place, func(text string) { v.SetBytes([]byte(text)) })
		return
	}
	list := reflect.MakeSlice(v.Type(), max(v.Len(), 1), max(v.Len(), 1))
	reflect.Copy(list, v)
	for i := range list.Len() {
		at := fmt.Sprintf("%s[%d]", place, i)
		if v.Type() == reflect.TypeFor[[]any]() {
			at = strconv.Itoa(i)
		}
		textsIn(list.Index(i), at, func(at string, set func(string)) {
			visit(at, func(text string) {
				set(text)
				v.Set(list)
			})
		})
	}
}

// textsInMap knows maps of one entry.
func textsInMap(v reflect.Value, place string, visit func(string, func(string))) {
	key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	for _, k := range v.MapKeys() {
		key.Set(k)
		value.Set(v.MapIndex(k))
	}
	entry := func(place string, set func(string)) {
		visit(place, func(text string) {
			set(text)
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(key, value)
		})
	}
	textsIn(key, place+" key", entry)
	textsIn(value, place+" value", entry)
}
