import { describe, expect, test } from 'vitest';
import { problemOf, valueOf, withValue, type Field } from '../src/lib/parameters';

const limit: Field = { name: 'limit', kind: 'positional', default: '10', doc: '' };
const comm: Field = { name: 'process', kind: 'positional', default: '', doc: '' };
const all: Field = { name: 'all', kind: 'flag', default: '', doc: '' };
const count: Field = { name: 'count', kind: 'number', default: '5', doc: '' };
const quick: Field = { name: 'quick', kind: 'bool', default: 'true', doc: '' };
const fields = [limit, comm, all, count, quick];
const show = (list: readonly string[]) => fields.map((field) => valueOf(list, fields, field));

describe('parameters as fields', () => {
  test('what is not given is its default, and defaults are not said', () => {
    expect(show([])).toEqual(['10', '', 'false', '5', 'true']);
    expect(show(['7', '--all', '--count=9', '--quick=false'])).toEqual(['7', '', 'true', '9', 'false']);
    expect(withValue(['7', '--all'], fields, limit, '10')).toEqual(['--all']);
    expect(withValue(['--count=9'], fields, count, '5')).toEqual([]);
  });

  test('a later parameter says those before it', () => {
    expect(withValue([], fields, comm, 'bash')).toEqual(['10', 'bash']);
    expect(withValue(['1', 'a', 'more'], fields, limit, '10')).toEqual(['10', 'a', 'more']);
  });

  test('named ones are switched and set, also to nothing', () => {
    expect(withValue(['7'], fields, all, 'true')).toEqual(['7', '--all']);
    expect(withValue(['--all'], fields, all, 'false')).toEqual([]);
    expect(withValue(['--count=1'], fields, count, '')).toEqual(['--count=']);
    expect(valueOf(['--count='], fields, count)).toBe('');
    expect(withValue([], fields, quick, 'false')).toEqual(['--quick=false']);
  });

  test('what is no number is said', () => {
    expect(['5', '-0x1f', '+0b1'].map((text) => problemOf(count, text))).toEqual([null, null, null]);
    expect(['', 'many', '1.5'].map((text) => problemOf(count, text))).toEqual(['A whole number', 'A whole number', 'A whole number']);
  });
});
