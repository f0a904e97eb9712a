// The command that does in a terminal what a run does here.

/** One word of a shell's command line, whatever is in it. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function commandLine(source: string, parameters: readonly string[]): string {
  const words = ['tracedeck', 'run', '-e', quoted(source.trim())];
  // What begins with a dash is the script's, not the command's.
  if (parameters.some((parameter) => parameter.startsWith('-'))) words.push('--');
  return [...words, ...parameters.map(quoted)].join(' ');
}
