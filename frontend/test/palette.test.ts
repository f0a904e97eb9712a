import { describe, expect, test } from 'vitest';
import { changeFill, hueFill, moduleFill, oklch } from '../src/flame/palette';

function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

describe.each([false, true])('dark: %s', (dark) => {
  test('text on a module can be read, whatever its hue, tone and shade', () => {
    for (let hue = 0; hue < 360; hue += 5) {
      for (const tone of [0, 1, 2]) {
        for (const second of [false, true]) {
          const { fill, text } = hueFill(hue, tone, dark, second);
          expect(contrast(fill, text), `${hue} ${tone} ${second}`).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
  });

  test('text on a change can be read, whatever its size', () => {
    for (let change = -1; change <= 1; change += 0.05) {
      const { fill, text } = changeFill(change, 1, dark);
      expect(contrast(fill, text), String(change)).toBeGreaterThanOrEqual(4.5);
    }
  });

  test('more is orange, less is blue, nothing is grey', () => {
    const channels = (hex: string) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const [moreRed = 0, , moreBlue = 0] = channels(changeFill(0.4, 0.5, dark).fill);
    const [lessRed = 0, , lessBlue = 0] = channels(changeFill(-0.4, 0.5, dark).fill);
    const none = channels(changeFill(0, 0.5, dark).fill);
    expect(moreRed).toBeGreaterThan(moreBlue + 30);
    expect(lessBlue).toBeGreaterThan(lessRed + 30);
    expect(Math.max(...none) - Math.min(...none)).toBeLessThan(4);
  });
});

test('a module has one colour, and colours are six digits', () => {
  expect(moduleFill('/usr/lib/libc.so.6', false)).toEqual(moduleFill('/usr/lib/libc.so.6', false));
  expect(oklch(1, 0, 0)).toBe('#ffffff');
  expect(oklch(0, 0, 0)).toBe('#000000');
  expect(oklch(0.6, 0.4, 140)).toMatch(/^#[0-9a-f]{6}$/);
});
