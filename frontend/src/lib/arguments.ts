// The parameters field: one line of text and the list of positional parameters it means.

/** Splits as a shell would: spaces separate, quotes keep together, a backslash takes the next character as it is. */
export function splitArguments(line: string): string[] {
  const found: string[] = [];
  let current: string | null = null;
  let quote: string | null = null;
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (quote !== null) {
      if (character === quote) quote = null;
      else if (character === '\\' && quote === '"' && index + 1 < line.length) current = (current ?? '') + line.charAt(++index);
      else current = (current ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      current ??= '';
    } else if (character === '\\' && index + 1 < line.length) {
      current = (current ?? '') + line.charAt(++index);
    } else if (/\s/.test(character)) {
      if (current !== null) found.push(current);
      current = null;
    } else {
      current = (current ?? '') + character;
    }
  }
  if (current !== null) found.push(current);
  return found;
}

/** The line that `splitArguments` turns back into the same list. */
export function joinArguments(list: readonly string[]): string {
  return list.map((part) => (/^[^\s'"\\]+$/.test(part) ? part : `'${part.replace(/'/g, `'\\''`)}'`)).join(' ');
}
