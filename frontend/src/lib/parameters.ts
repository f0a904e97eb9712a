// A script's parameters as fields: each reads and writes its place in the list of arguments.

/** What a field is about. Kinds are the protocol's. */
export interface Field {
  readonly name: string;
  readonly kind: 'positional' | 'flag' | 'bool' | 'number' | 'text';
  readonly default: string;
  readonly doc: string;
}

const isNamed = (argument: string) => /^--./.test(argument);

/** What a field shows: what was given, else its default. */
export function valueOf(list: readonly string[], fields: readonly Field[], field: Field): string {
  if (field.kind === 'positional') return list.filter((one) => !isNamed(one))[positions(fields).indexOf(field)] ?? field.default;
  const given = list.findLast((one) => one === `--${field.name}` || one.startsWith(`--${field.name}=`));
  if (given === undefined) return field.kind === 'flag' ? 'false' : field.default;
  const value = given.slice(field.name.length + 3);
  return value === '' && !given.includes('=') ? 'true' : value;
}

/** The list with another value of a field. What is as its default need not be said. */
export function withValue(list: readonly string[], fields: readonly Field[], field: Field, value: string): string[] {
  const named = list.filter(isNamed);
  if (field.kind !== 'positional') {
    const others = list.filter((one) => one !== `--${field.name}` && !one.startsWith(`--${field.name}=`));
    if (value === (field.kind === 'flag' ? 'false' : field.default)) return others;
    return [...others, field.kind === 'flag' ? `--${field.name}` : `--${field.name}=${value}`];
  }
  const known = positions(fields);
  const values = known.map((one) => (one === field ? value : valueOf(list, fields, one)));
  // More than the script asks for may be there: `$#` counts them.
  const more = list.filter((one) => !isNamed(one)).slice(known.length);
  const said = more.length > 0 ? values.length : values.findLastIndex((text, index) => text !== known[index]?.default) + 1;
  return [...values.slice(0, said), ...more, ...named];
}

/** Why a value will not do, before the server says so; null when it will. */
export function problemOf(field: Field, value: string): string | null {
  if (field.kind === 'number' && !/^[+-]?(?:\d+|0x[0-9a-f]+|0b[01]+)$/i.test(value.trim())) return 'A whole number';
  return null;
}

const positions = (fields: readonly Field[]) => fields.filter((field) => field.kind === 'positional');
