// Documentation as the server's tables have it: words, and code between backticks.

export interface Piece {
  readonly text: string;
  readonly code: boolean;
}

/** Splits at pairs of backticks; one without its other half is a character like any. */
export function pieces(text: string): readonly Piece[] {
  return text.split(/(`[^`\n]+`)/).flatMap((part) => {
    if (part === '') return [];
    const code = part.length > 2 && part.startsWith('`') && part.endsWith('`');
    return [{ text: code ? part.slice(1, -1) : part, code }];
  });
}
