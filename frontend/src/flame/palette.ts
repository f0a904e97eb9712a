// Colours that are computed: one for each module, and for changes. Lightness is fixed by theme and hue only turns, so
// that the text on them can be read by construction; a test goes through all of them.

export interface Fill {
  readonly fill: string;
  readonly text: string;
}

/** Far enough apart to be told from their neighbours in a list. */
const HUES = [250, 40, 145, 310, 85, 195, 350, 115, 275, 60, 170, 330];

const cache = new Map<string, Fill>();

/** The colour of a module; the same one everywhere. `second` is a shade for neighbours. */
export function moduleFill(module: string, dark: boolean, second = false): Fill {
  const key = `${module}\n${dark}${second}`;
  let fill = cache.get(key);
  if (!fill) {
    const hash = hashOf(module);
    fill = hueFill(HUES[hash % HUES.length] ?? 0, (hash >>> 8) % 3, dark, second);
    cache.set(key, fill);
  }
  return fill;
}

export function hueFill(hue: number, tone: number, dark: boolean, second: boolean): Fill {
  const lift = (second ? 0.025 : 0) + tone * 0.015;
  return dark
    ? { fill: oklch(0.4 + lift, 0.075, hue), text: oklch(0.96, 0.02, hue) }
    : { fill: oklch(0.83 + lift, 0.075, hue), text: oklch(0.22, 0.03, hue) };
}

/** A change of share: orange for more, blue for less, stronger the larger it is; `most` is the largest of all. */
export function changeFill(change: number, most: number, dark: boolean): Fill {
  const strength = most > 0 ? Math.min(1, Math.abs(change) / most) ** 0.6 : 0;
  const hue = change > 0 ? 55 : 245;
  const chroma = 0.13 * strength;
  return dark
    ? { fill: oklch(0.34 + 0.07 * strength, chroma, hue), text: oklch(0.96, 0.01, hue) }
    : { fill: oklch(0.92 - 0.12 * strength, chroma, hue), text: oklch(0.22, 0.02, hue) };
}

function hashOf(text: string): number {
  let hash = 2166136261;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** A colour of the OKLCH space as #rrggbb; what no screen shows is brought into range. */
export function oklch(lightness: number, chroma: number, hue: number): string {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channels = [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s, -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s];
  const hex = channels.map((linear) => {
    const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
    return Math.round(Math.min(1, Math.max(0, value)) * 255).toString(16).padStart(2, '0');
  });
  return `#${hex.join('')}`;
}
