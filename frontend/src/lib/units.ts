// What a map's numbers are, as far as its name says so: people write @usecs, @bytes, @latency_ns.

const UNITS: readonly [RegExp, string][] = [
  [/(?:^|_)(?:ns|nsecs?|nanos(?:econds)?)(?:_|$)/, 'ns'],
  [/(?:^|_)(?:us|usecs?|micros(?:econds)?)(?:_|$)/, 'µs'],
  [/(?:^|_)(?:ms|msecs?|millis(?:econds)?)(?:_|$)/, 'ms'],
  [/(?:^|_)(?:secs?|seconds)(?:_|$)/, 's'],
  [/(?:^|_)(?:kb|kbytes|kib)(?:_|$)/, 'KiB'],
  [/(?:^|_)(?:bytes?)(?:_|$)/, 'bytes'],
  [/(?:^|_)(?:pages)(?:_|$)/, 'pages'],
];

/** The unit in a name such as `@read_usecs`, null when it has none. */
export function unitOf(name: string): string | null {
  const plain = name.replace(/^@/, '').toLowerCase();
  return UNITS.find(([pattern]) => pattern.test(plain))?.[1] ?? null;
}
