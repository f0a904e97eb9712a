import { describe, expect, test } from 'vitest';
import type { CourseStep } from '../src/protocol.gen';
import { neighbour, nextStep, readDone } from '../src/state/course';
import { parseRoute, pathOf, runRoute, withView } from '../src/routes';

const steps = ['hello', 'kprobe', 'stacks'].map((id): CourseStep => ({ id, title: id, paragraphs: [], fires: '', look_for: '', to_try: null, script: '', problem: id === 'kprobe' ? 'no kprobes' : null }));

describe('the course', () => {
  test('goes on with the first step that is left and can run here', () => {
    expect(nextStep(steps, new Set())?.id).toBe('hello');
    expect(nextStep(steps, new Set(['hello']))?.id).toBe('stacks');
    expect(nextStep(steps, new Set(['hello', 'stacks']))?.id).toBe('hello');
    expect(nextStep([], new Set())).toBeNull();
  });

  test('has a step before and after', () => {
    expect(neighbour(steps, 'kprobe', -1)?.id).toBe('hello');
    expect(neighbour(steps, 'stacks', 1)).toBeNull();
    expect(neighbour(steps, 'nothing', 1)).toBeNull();
  });

  test('what is stored may be anything', () => {
    expect([...readDone('["hello",5]')]).toEqual(['hello']);
    for (const stored of [null, '', '{', '{"a":1}', '7']) expect(readDone(stored).size, String(stored)).toBe(0);
  });

  test('addresses', () => {
    expect(parseRoute('/learn/kprobe', '')).toEqual({ screen: 'learn', step: 'kprobe' });
    expect(parseRoute('/learn', '')).toEqual({ screen: 'learn', step: null });
    expect(parseRoute('/learn/../x', '').screen).toBe('unknown');
    expect(pathOf({ screen: 'learn', step: 'kprobe' })).toBe('/learn/kprobe');
    expect(pathOf(withView(runRoute('r1'), { learn: 'hello' }))).toBe('/r/r1?learn=hello');
  });
});
