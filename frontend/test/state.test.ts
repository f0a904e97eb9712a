import { describe, expect, test } from 'vitest';
import { LOG_CAPACITY } from '../src/state/log';
import { keyText } from '../src/state/maps';
import { panelsOf } from '../src/state/panels';
import { emptyRun, hasOutput, lostTotal, reduceRun, type RunState } from '../src/state/run';
import { emptySentence, statusOf } from '../src/state/status';
import type { ServerMessage } from '../src/protocol.gen';
import { counts, lines, run, snapshot, update } from './samples';

function after(...messages: ServerMessage[]): RunState {
  return messages.reduce(reduceRun, emptyRun);
}

const calls = { id: 0, name: '@calls', key: 'string[16]', value: 'count_t' };
const rateOf = (state: RunState, key: string) => state.maps.get(0)?.rates.get(keyText([{ t: 'text', v: key }]));

describe('log', () => {
  test('lines are appended in order', () => {
    const state = after(snapshot({ log: lines(1, 3) }), update({ log: lines(4, 5) }));
    expect(state.log.lines.map((line) => line.sequence)).toEqual([1, 2, 3, 4, 5]);
  });

  test('a resumed connection that repeats lines does not show them twice', () => {
    const state = after(snapshot({ log: lines(1, 3) }), update({ log: lines(2, 4) }));
    expect(state.log.lines.map((line) => line.sequence)).toEqual([1, 2, 3, 4]);
  });

  test('the oldest lines leave, and are counted', () => {
    const state = after(snapshot({ log: lines(1, LOG_CAPACITY), log_dropped: 7 }), update({ log: lines(LOG_CAPACITY + 1, LOG_CAPACITY + 30) }));
    expect(state.log.lines).toHaveLength(LOG_CAPACITY);
    expect(state.log.lines[0]?.sequence).toBe(31);
    expect(state.log.older).toBe(37);
  });

  test('lines left out for a slow page are counted over reconnects', () => {
    expect(after(snapshot(), { type: 'skipped', lines: 40 }, { type: 'skipped', lines: 2 }, snapshot()).log.skipped).toBe(42);
  });
});

describe('a server that was killed in mid-run', () => {
  const ended = run({ state: 'ended', ok: false, reason: 'The server stopped while the script ran' });

  test('what it had not recorded stays on the screen, and is said to be here only', () => {
    const live = after(snapshot({ log: lines(1, 3), maps: [counts(1, { a: 1 })] }), update({ sequence: 9, log: lines(4, 8), maps: [counts(2, { a: 5 })] }));
    const state = reduceRun(live, snapshot({ sequence: 4, at_ms: 1200, run: ended, log: lines(1, 4), maps: [counts(1, { a: 1 })] }));
    expect(state.log.lines.at(-1)?.sequence).toBe(8);
    expect(state.maps.get(0)?.view.version).toBe(2);
    expect([state.run?.state, state.recordedMs]).toEqual(['ended', 1200]);
  });

  test('a recording that has all of it replaces what there was', () => {
    const state = after(snapshot({ sequence: 4, log: lines(1, 3) }), snapshot({ sequence: 5, run: ended, log: lines(1, 4) }));
    expect([state.log.lines.length, state.recordedMs]).toEqual([4, null]);
  });
});

describe('maps', () => {
  test('an older version does not replace a newer one', () => {
    const state = after(snapshot({ maps: [counts(3, { a: 9 })] }), update({ maps: [counts(2, { a: 4 })] }));
    expect(state.maps.get(0)?.view.version).toBe(3);
  });

  test('a number tells what it grew or fell by in the last ten seconds', () => {
    const changeOf = (state: RunState, key: string) => state.maps.get(0)?.changes.get(keyText([{ t: 'text', v: key }]));
    const gauge = { ...calls, value: 'int64' };
    let state = after(snapshot({ run: run({ maps: [gauge] }), at_ms: 1000, maps: [counts(1, { a: 100, b: 50 })] }));
    expect(changeOf(state, 'a')).toBeUndefined();
    state = reduceRun(state, update({ sequence: 2, at_ms: 3000, maps: [counts(2, { a: 90, b: 50, c: 7 })] }));
    expect([changeOf(state, 'a'), changeOf(state, 'b'), changeOf(state, 'c')]).toEqual([-10, 0, 7]);
    state = reduceRun(state, update({ sequence: 3, at_ms: 12_000, maps: [counts(3, { a: 95, b: 50, c: 9 })] }));
    // Compared with what it was nine seconds ago: what is older is forgotten.
    expect([changeOf(state, 'a'), changeOf(state, 'c')]).toEqual([5, 2]);
    const over = reduceRun(state, update({ sequence: 4, at_ms: 12_500, run: run({ maps: [gauge], state: 'ended', ok: true }) }));
    expect(changeOf(over, 'a')).toBeUndefined();
  });

  test('a counter has a rate after a second', () => {
    const first = snapshot({ run: run({ maps: [calls] }), maps: [counts(1, { a: 100, b: 5 })] });
    const early = after(first, update({ at_ms: 1500, maps: [counts(2, { a: 150, b: 5 })] }));
    expect(rateOf(early, 'a')).toBeUndefined();
    const later = reduceRun(early, update({ sequence: 7, at_ms: 3000, maps: [counts(3, { a: 300, b: 5, c: 8 })] }));
    expect(rateOf(later, 'a')).toBe(100);
    expect(rateOf(later, 'b')).toBe(0);
    expect(rateOf(later, 'c')).toBe(4);
    expect(later.maps.get(0)?.sumRate).toBe(104);
  });

  test('a map that was cleared has no negative rate', () => {
    const state = after(snapshot({ run: run({ maps: [calls] }), maps: [counts(1, { a: 100 })] }), update({ at_ms: 3000, maps: [counts(2, { a: 3 })] }));
    expect(rateOf(state, 'a')).toBeUndefined();
    expect(state.maps.get(0)?.sumRate).toBeNull();
  });

  test('a key that moves up among the shown ones has no made-up rate', () => {
    const shown = snapshot({ run: run({ maps: [calls] }), maps: [counts(1, { a: 100 }, { omitted: 900 })] });
    const state = after(shown, update({ at_ms: 3000, maps: [counts(2, { a: 100, old: 5000 }, { omitted: 899 })] }));
    expect(rateOf(state, 'old')).toBeUndefined();
  });

  test('a minimum has no rate', () => {
    const shape = { ...calls, value: 'min_t' };
    const state = after(snapshot({ run: run({ maps: [shape] }), maps: [counts(1, { a: 100 })] }), update({ at_ms: 3000, maps: [counts(2, { a: 300 })] }));
    expect(rateOf(state, 'a')).toBeUndefined();
  });

  test('an ended run has no rates', () => {
    const first = snapshot({ run: run({ maps: [calls] }), maps: [counts(1, { a: 1 })] });
    const state = after(first, update({ at_ms: 3000, maps: [counts(2, { a: 9 })] }), update({ sequence: 8, at_ms: 3100, run: run({ maps: [calls], state: 'ended', ok: true }) }));
    expect(state.maps.get(0)?.rates.size).toBe(0);
  });

  test('keys that print alike stay apart', () => {
    expect(keyText([{ t: 'text', v: '1' }])).not.toBe(keyText([{ t: 'number', v: 1 }]));
    expect(keyText([{ t: 'text', v: 'a,b' }])).not.toBe(keyText([{ t: 'text', v: 'a' }, { t: 'text', v: 'b' }]));
  });
});

describe('run', () => {
  test('the sequence to resume after never goes back', () => {
    expect(after(snapshot({ sequence: 9 }), update({ sequence: 8 })).sequence).toBe(9);
  });

  test('an update without a new event still counts', () => {
    expect(after(snapshot({ sequence: 9 }), update({ sequence: 9, run: run({ watchers: 3 }) })).run?.watchers).toBe(3);
  });

  test('losses are totals, and warnings about the script are none', () => {
    const ring = { id: 1, cause: 'ring-full', text: 'x', total: 5, at_ms: 1, is_loss: true };
    const zero = { id: 2, cause: 'division-by-zero', text: 'y', total: 9, at_ms: 1, is_loss: false };
    const state = after(snapshot({ lost: [ring] }), update({ lost: [{ ...ring, total: 12 }, zero] }), update({ lost: [{ ...ring, total: 12 }] }));
    expect(lostTotal(state)).toBe(12);
    expect(state.lost).toHaveLength(2);
  });

  test('a snapshot replaces everything', () => {
    const state = after(snapshot({ log: lines(1, 9), maps: [counts(1, { a: 1 })] }), snapshot({ sequence: 20, log: lines(50, 51) }));
    expect(state.maps.size).toBe(0);
    expect(state.log.lines).toHaveLength(2);
  });

  test('a refusal is kept until the next facts', () => {
    const state = after({ type: 'error', message: 'There is no such run' });
    expect(state.problem).toBe('There is no such run');
    expect(reduceRun(state, snapshot()).problem).toBeNull();
  });

  test('a repeated diagnostic is shown once', () => {
    const one = { severity: 'error' as const, code: 'x', message: 'm', start: 0, end: 1, start_utf16: 0, end_utf16: 1, line: 1, column: 1, help: [], rendered: '' };
    expect(after(snapshot({ diagnostics: [one] }), update({ diagnostics: [one] })).diagnostics).toHaveLength(1);
  });

  test('an empty map is no output', () => {
    expect(hasOutput(after(snapshot({ maps: [counts(1, {})] })))).toBe(false);
    expect(hasOutput(after(snapshot({ maps: [counts(1, { a: 1 })] })))).toBe(true);
  });
});

describe('panels', () => {
  test('maps stand in the order of the script, the log last', () => {
    const shapes = [calls, { id: 1, name: '@usecs', key: null, value: 'hist_t' }];
    const state = after(snapshot({ run: run({ maps: shapes }), log: lines(1, 1), maps: [counts(1, { a: 1 })] }));
    expect(panelsOf(state).map((panel) => panel.id)).toEqual(['@calls', '@usecs', 'log']);
  });

  test('a script without maps has a log from the start', () => {
    expect(panelsOf(after(snapshot())).map((panel) => panel.id)).toEqual(['log']);
  });
});

describe('words for a state', () => {
  test('the clock goes on between messages and stands when the run has ended', () => {
    expect(statusOf(run({ duration_ms: 41_000 }), 1500).clock).toBe('00:42');
    expect(statusOf(run({ duration_ms: 41_000, state: 'ended', ok: true }), 99_000).clock).toBe('00:41');
  });

  test('waiting says what is attached and since when', () => {
    expect(emptySentence(run(), 0).what).toBe('Attached to 3 probes 4 s ago, nothing to show yet');
  });

  test('a run that ended without a match says what to do next', () => {
    const sentence = emptySentence(run({ state: 'ended', ok: true, duration_ms: 9000 }), 0);
    expect(sentence.what).toBe('3 probes attached for 9 s, nothing matched');
    expect(sentence.next).not.toBe('');
  });

  test('a failed run is called failed', () => {
    expect(statusOf(run({ state: 'ended', ok: false }), 0)).toMatchObject({ tone: 'failed', word: 'Failed' });
  });
});
