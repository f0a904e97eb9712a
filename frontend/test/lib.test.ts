import { describe, expect, test } from 'vitest';
import { joinArguments, splitArguments } from '../src/lib/arguments';
import { backoff } from '../src/lib/backoff';
import { formatClock, formatNumber, formatRate, formatShare, formatSpan, formatTimeOfDay, plural } from '../src/lib/format';
import { visible, visibleLine } from '../src/lib/visible';
import { pieces } from '../src/lib/prose';
import { fuzzyScore, ranked } from '../src/lib/fuzzy';
import { isAtEnd, visibleRows } from '../src/lib/window';

describe('numbers', () => {
  test('every digit of a number beyond 2^53 is shown', () => {
    expect(formatNumber('18446744073709551615')).toBe('18,446,744,073,709,551,615');
    expect(formatNumber('-9223372036854775808')).toBe('-9,223,372,036,854,775,808');
  });

  test('fractions keep what can be read', () => {
    expect(formatNumber(1234.567)).toBe('1,234.6');
    expect(formatNumber(3.14159)).toBe('3.14');
    expect(formatNumber(1_000_000)).toBe('1,000,000');
    expect(formatNumber(-1234)).toBe('-1,234');
  });

  test('a small share is not zero', () => {
    expect(formatShare(1, 100_000)).toBe('< 0.1 %');
    expect(formatShare(0, 100)).toBe('0.0 %');
    expect(formatShare(1, 0)).toBe('–');
  });

  test('rates, clocks and spans', () => {
    expect(formatRate(0.44)).toBe('0.4/s');
    expect(formatRate(12345.6)).toBe('12,346/s');
    expect(formatClock(42_900)).toBe('00:42');
    expect(formatClock(3_723_000)).toBe('1:02:03');
    expect(formatTimeOfDay('2026-11-23T18:00:09.437Z', 1000)).toMatch(/^\d\d:00:09$/);
    expect(formatTimeOfDay('2026-11-23T18:00:09.437Z', 100)).toMatch(/:09\.4$/);
    expect(formatTimeOfDay('2026-11-23T18:00:09.037Z', 1)).toMatch(/:09\.037$/);
    expect(formatTimeOfDay('never', 1)).toBe('never');
    expect(formatSpan(4000)).toBe('4 s');
    expect(formatSpan(200_000)).toBe('3 min');
    expect(plural(1, 'probe', 'probes')).toBe('1 probe');
    expect(plural(2000, 'probe', 'probes')).toBe('2,000 probes');
  });
});

describe('visible text', () => {
  test('what hides or turns text is written out', () => {
    expect(visible('a\u202eb\u200bc\u0007')).toBe('a\\u{202e}b\\u{200b}c\\u{7}');
    expect(visible('line\nnext')).toBe('line\nnext');
    expect(visibleLine('line\nnext\tx')).toBe('line\\nnext\\tx');
  });

  test('ordinary text of any language stays as it is', () => {
    expect(visible('größe 日本語 🙂')).toBe('größe 日本語 🙂');
  });
});

describe('parameters', () => {
  test('quotes keep words together', () => {
    expect(splitArguments(`12  'two words' "a \\"b\\"" c\\ d ''`)).toEqual(['12', 'two words', 'a "b"', 'c d', '']);
  });

  test('a list survives its line', () => {
    const list = ['plain', 'two words', "it's", '', 'back\\slash', '"'];
    expect(splitArguments(joinArguments(list))).toEqual(list);
  });
});

describe('back-off', () => {
  test('waits double up to eight seconds, spread by a third', () => {
    expect(backoff(0, 0.5)).toBe(250);
    expect(backoff(3, 0.5)).toBe(2000);
    expect(backoff(40, 0.5)).toBe(8000);
    expect(backoff(0, 0)).toBe(175);
    expect(backoff(0, 1)).toBe(325);
  });
});

describe('rows in view', () => {
  test('only what is near the view is drawn', () => {
    expect(visibleRows(10_000, 20, 2000, 400, 0)).toEqual({ first: 100, end: 120 });
    expect(visibleRows(5, 20, 0, 400)).toEqual({ first: 0, end: 5 });
    expect(visibleRows(0, 20, 900, 400)).toEqual({ first: 0, end: 0 });
  });

  test('two rows from the end still follow it', () => {
    expect(isAtEnd(560, 400, 1000, 20)).toBe(true);
    expect(isAtEnd(500, 400, 1000, 20)).toBe(false);
  });
});

describe('commands by a few letters', () => {
  test('letters in order match, the beginning of words first', () => {
    const names = ['Show @calls', 'Copy a read-only link', 'Dark theme', 'Disk latency (biolatency)', 'New processes (execsnoop)'];
    expect(ranked(names, 'execsnoop', (name) => name)).toEqual(['New processes (execsnoop)']);
    expect(ranked(names, 'dkth', (name) => name)[0]).toBe('Dark theme');
    expect(ranked(names, 'lat', (name) => name)[0]).toBe('Disk latency (biolatency)');
    expect(ranked(names, '', (name) => name)).toEqual(names);
  });

  test('letters out of order do not', () => {
    expect(fuzzyScore('Dark theme', 'thd')).toBeNull();
  });
});

describe('documentation', () => {
  test('what stands between backticks is code, and a lone one is a character', () => {
    expect(pieces('Sets `a` to `b`.')).toEqual([{ text: 'Sets ', code: false }, { text: 'a', code: true }, { text: ' to ', code: false }, { text: 'b', code: true }, { text: '.', code: false }]);
    expect(pieces('one ` only')).toEqual([{ text: 'one ` only', code: false }]);
    expect(pieces('``')).toEqual([{ text: '``', code: false }]);
    expect(pieces('`<b>`')).toEqual([{ text: '<b>', code: true }]);
    expect(pieces('')).toEqual([]);
  });
});
