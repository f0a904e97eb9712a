// The calls of the HTTP API that a person would make by hand, as lines for a shell.

/** In single quotes, whatever is in it. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

export interface Line {
  readonly does: string;
  readonly line: string;
}

/** Lines for one run; `TOKEN` stands for the reader's own. */
export function curlLines(origin: string, run: { readonly id: string; readonly source: string }): Line[] {
  const curl = `curl -fsS -H "Authorization: Bearer $TOKEN"`;
  return [
    { does: 'Its state', line: `${curl} ${origin}/api/runs/${run.id}` },
    { does: 'Its results as JSON lines', line: `${curl} ${origin}/api/runs/${run.id}/output.jsonl` },
    { does: 'Stop it', line: `${curl} -X POST ${origin}/api/runs/${run.id}/stop` },
    { does: 'Run the script again', line: `${curl} --json ${quoted(JSON.stringify({ source: run.source }))} ${origin}/api/runs` },
  ];
}
