// Text of traced processes is hostile until shown: what would hide, reorder or break a line is made visible.

/**
 * Characters that a browser would render as nothing, as a line break or by turning the text around. The server has
 * already escaped bytes that are not UTF-8; this catches what is valid UTF-8 and still lies to the eye.
 */
const DECEPTIVE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Shows each deceptive character as \u{HEX}; tab and newline stay. */
export function visible(text: string): string {
  return text.replace(DECEPTIVE, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? '?'}}`);
}

/** As `visible`, for places that hold one line: newline and tab are shown too. */
export function visibleLine(text: string): string {
  return visible(text).replace(/\n/g, '\\n').replace(/\t/g, '\\t');
}
