import { StringStream } from '@codemirror/language';
import { describe, expect, test } from 'vitest';
import { byLine, inWords } from '../src/editor/costs';
import { firstWords, nextToken, startState, type Words } from '../src/editor/tokens';

const words: Words = { ...firstWords, functions: new Set(['printf', 'count']) };

/** Each coloured piece of a script as `kind:text`. */
function colours(script: string): string[] {
  const state = startState();
  const found: string[] = [];
  for (const line of script.split('\n')) {
    const stream = new StringStream(line, 2, 2);
    while (!stream.eol()) {
      stream.start = stream.pos;
      const kind = nextToken(stream, state, words);
      expect(stream.pos, `stuck at ${stream.pos} of ${line}`).toBeGreaterThan(stream.start);
      if (kind !== null && kind !== 'operator') found.push(`${kind}:${stream.current()}`);
    }
  }
  return found;
}

describe('colours', () => {
  test('attach points, maps, variables, functions', () => {
    expect(colours('tracepoint:syscalls:sys_enter_openat, p:hz:99\n{ @n[comm, $1] = count(); $x = 5ms; }')).toEqual([
      'probe:tracepoint', 'probe::syscalls:sys_enter_openat', 'probe:p', 'probe::hz:99', 'map:@n', 'variable:$1', 'function:count', 'variable:$x', 'number:5ms',
    ]);
  });

  test('paths in attach points are no comments', () => {
    expect(colours('uretprobe:/bin/bash:readline { }')).toEqual(['probe:uretprobe', 'probe::/bin/bash:readline']);
  });

  test('a comment may span lines, a string may not', () => {
    expect(colours('/* a\nb */ BEGIN { printf("x\nif }')).toEqual(['comment:/* a', 'comment:b */', 'probe:BEGIN', 'function:printf', 'string:"x', 'keyword:if']);
  });

  test('escapes do not end a string', () => {
    expect(colours('BEGIN { printf("a\\"b", 1) }')).toEqual(['probe:BEGIN', 'function:printf', 'string:"a\\"b"', 'number:1']);
  });

  test('any text makes progress', () => {
    const odd = '@ @[ $ $# "\\ /* # ::: }}} \u0000 é 🙂 0x 0xzz 1e 99999999999999999999 -> => << >>= ?:';
    for (const script of [odd, odd.split('').reverse().join(''), `}${odd}{${odd}`]) colours(script);
  });
});

describe('what probes cost', () => {
  const cost = (line: number, hits: number, nanoseconds: number) => ({ probe: 'kprobe:f', line, probes: 1, hits, nanoseconds });

  test('programs of one line are added up', () => {
    expect(byLine([cost(3, 10, 1000), cost(1, 1, 5), cost(3, 20, 5000)])).toEqual([
      { line: 1, hits: 1, nanoseconds: 5 },
      { line: 3, hits: 30, nanoseconds: 6000 },
    ]);
  });

  test('hits and their mean are told in a unit that is read at a glance', () => {
    expect(inWords({ line: 1, hits: 1204, nanoseconds: 373_240 })).toMatch(/^1.204 hits, 310 ns each$/);
    expect(inWords({ line: 1, hits: 1, nanoseconds: 15_300 })).toBe('1 hit, 15.3 µs each');
    expect(inWords({ line: 1, hits: 0, nanoseconds: 0 })).toBe('no hits');
  });
});
