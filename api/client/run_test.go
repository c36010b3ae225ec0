package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/client"
)

func TestRunAndWait(t *testing.T) {
	t.Parallel()
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
	requireProblem(t, err, "run-timeout")
	_, err = alice.Run(t.Context(), shell.ID, client.RunInput{Command: "echo"}, "")
	requireProblem(t, err, "running")
	_, err = bob.Run(t.Context(), shell.ID, client.RunInput{Command: "echo"}, "")
	requireProblem(t, err, "not-found")
	_, err = alice.Wait(t.Context(), shell.ID, client.Wait{Text: of("never"), Timeout: of(float32(0.1))})
	require.NotNil(t, requireProblem(t, err, "wait-timeout").Problem.Screen)

	line := client.TypedLine("go on")
	waited, err := alice.Wait(t.Context(), shell.ID, client.Wait{Text: of(`([$#]) $`), Send: &line})
	require.NoError(t, err)
	require.Equal(t, client.WaitedConditionText, waited.Condition)

	own, err := bob.Exec(t.Context(), client.ExecInput{Argv: of([]string{"sh", "-c", "pwd; exit 4"}), Cwd: of("/")}, "")
	require.NoError(t, err)
	require.Equal(t, "/\n", own.Output)
	require.Equal(t, 4, *own.ExitCode)
	_, err = bob.Exec(t.Context(), client.ExecInput{Command: of("cat"), Timeout: of(float32(0.1))}, "")
	requireProblem(t, err, "run-timeout")

	alice.SetRunWait(0.05) // so that Run and Exec need several requests
	ran, err = alice.Exec(t.Context(), client.ExecInput{Command: of("sleep 0.3; echo over")}, "")
	require.NoError(t, err)
	require.Equal(t, "over\n", ran.Output)
	ran, err = alice.Run(t.Context(), shell.ID, client.RunInput{Command: "sleep 0.3; echo over"}, "")
	require.NoError(t, err)
	require.Equal(t, "over\n", ran.Output)
}
