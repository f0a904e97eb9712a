import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { csv } from '../src/charts/csv';
import { commandLine, quoted } from '../src/lib/shell';
import type { KeyPart, MapValue, MapView } from '../src/protocol.gen';

function view(key_parts: string[], entries: [KeyPart[], MapValue][]): MapView {
  return { id: 0, name: '@', version: 1, kind: 'number', scalar: key_parts.length === 0, key_parts, has_stack: false, total_entries: entries.length, omitted: 0, sum: null, entries: entries.map(([key, value]) => ({ key, value })) };
}
const text = (v: string): KeyPart => ({ t: 'text', v });

describe('CSV', () => {
  test('numbers stay exact, names are quoted', () => {
    const file = csv(view(['string[16]', 'uint32'], [[[text('a "b", c'), { t: 'number', v: 7 }], { t: 'number', v: '18446744073709551615' }]]));
    expect(file).toBe('string[16],uint32,value\r\n"a ""b"", c",7,18446744073709551615\r\n');
  });

  test('no name becomes a formula or a line of its own', () => {
    for (const name of ['=1+1', '+1', '-1', '@SUM(A1)']) expect(csv(view(['s'], [[[text(name)], { t: 'number', v: 1 }]]))).toBe(`s,value\r\n'${name},1\r\n`);
    expect(csv(view(['s'], [[[text('a\r\nb')], { t: 'number', v: -5 }]])).split('\r\n').at(-2)).toMatch(/,-5$/);
  });

  test('histograms by bucket, statistics by column, nothing as a head alone', () => {
    const buckets = [{ label: '[4, 8)', low: 4, high: 8, count: 3 }, { label: '[8, 16)', low: 8, high: 16, count: 1 }];
    expect(csv(view([], [[[], { t: 'histogram', buckets }]]))).toBe('low,high,count\r\n4,8,3\r\n8,16,1\r\n');
    expect(csv(view(['s'], [[[text('x')], { t: 'stats', count: 2, average: 5, total: 10 }]]))).toBe('s,count,average,total\r\nx,2,5,10\r\n');
    expect(csv(view([], []))).toBe('value\r\n');
  });
});

describe('the command line', () => {
  test('a shell reads back what was meant', () => {
    for (const word of ["it's", '$(id)', '`id`', 'a b', '"', '\\', "'; id; '", '', 'é🙂', 'a\nb']) {
      expect(execFileSync('/bin/sh', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' })).toBe(word);
    }
  });

  test('has the script and its parameters', () => {
    expect(commandLine('begin { exit() }\n', [])).toBe("tracedeck run -e 'begin { exit() }'");
    expect(commandLine('begin { }', ['5', 'a b'])).toBe("tracedeck run -e 'begin { }' 5 'a b'");
    expect(commandLine('begin { }', ['--comm=x'])).toBe("tracedeck run -e 'begin { }' -- --comm=x");
  });
});
