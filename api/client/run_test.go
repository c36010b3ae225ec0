package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/client"
)

func TestRunAndWait(t *testing.T) {
	alice, bob := serve(t)
	shell, err := alice.Create(t.Context(), client.NewSession{Command: of([]string{"bash", "--norc"})}, "")
	require.NoError(t, err)
	_, err = alice.Wait(t.Context(), shell.ID, client.Wait{Text: of(`[$#] $`)})
	require.NoError(t, err)

	ran, err := alice.Run(t.Context(), shell.ID, client.RunInput{Command: `printf '\377\000'; (exit 3)`}, "key")
	require.NoError(t, err)
	require.Equal(t, 3, *ran.ExitCode)
	out, err := ran.Bytes()
	require.NoError(t, err)
	require.Equal(t, []byte{0xff, 0}, out)
	again, err := alice.Run(t.Context(), shell.ID, client.RunInput{Command: `printf '\377\000'; (exit 3)`}, "key")
	require.NoError(t, err)
	require.Equal(t, ran.Run, again.Run)

	_, err = alice.Run(t.Context(), shell.ID, client.RunInput{Command: "read line", Timeout: of(float32(0.1))}, "")
	failed(t, err, "run-timeout")
	_, err = alice.Run(t.Context(), shell.ID, client.RunInput{Command: "echo"}, "")
	failed(t, err, "running")
	_, err = bob.Run(t.Context(), shell.ID, client.RunInput{Command: "echo"}, "")
	failed(t, err, "not-found")
	_, err = alice.Wait(t.Context(), shell.ID, client.Wait{Text: of("never"), Timeout: of(float32(0.1))})
	require.NotNil(t, failed(t, err, "wait-timeout").Problem.Screen)

	line := client.TypedLine("go on")
	waited, err := alice.Wait(t.Context(), shell.ID, client.Wait{Text: of(`([$#]) $`), Send: &line})
	require.NoError(t, err)
	require.Equal(t, client.WaitedConditionText, waited.Condition)

	own, err := bob.Exec(t.Context(), client.ExecInput{Argv: of([]string{"sh", "-c", "pwd; exit 4"}), Cwd: of("/")}, "")
	require.NoError(t, err)
	require.Equal(t, "/\n", own.Output)
	require.Equal(t, 4, *own.ExitCode)
	_, err = bob.Exec(t.Context(), client.ExecInput{Command: of("cat"), Timeout: of(float32(0.1))}, "")
	failed(t, err, "run-timeout")

	alice.AskEvery(0.05) // and until it is over
	ran, err = alice.Exec(t.Context(), client.ExecInput{Command: of("sleep 0.3; echo over")}, "")
	require.NoError(t, err)
	require.Equal(t, "over\n", ran.Output)
	ran, err = alice.Run(t.Context(), shell.ID, client.RunInput{Command: "sleep 0.3; echo over"}, "")
	require.NoError(t, err)
	require.Equal(t, "over\n", ran.Output)
}
