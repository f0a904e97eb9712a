// A reader for machine-written XML: elements, attributes, text. What it reads never becomes a document, so nothing in it
// can run, load or style anything. Not for XML in general: no DTD entities, no namespaces beyond the names as written.

export type XmlEvent =
  | { readonly type: 'open'; readonly name: string; readonly attributes: ReadonlyMap<string, string>; readonly empty: boolean }
  | { readonly type: 'close'; readonly name: string }
  | { readonly type: 'text'; readonly text: string };

export function* readXml(text: string): Generator<XmlEvent> {
  let position = 0;
  while (position < text.length) {
    const tag = text.indexOf('<', position);
    if (tag < 0) return;
    if (tag > position) yield { type: 'text', text: unescapeXml(text.slice(position, tag)) };
    const skipped = afterNonElement(text, tag);
    if (skipped !== null) {
      position = skipped;
      continue;
    }
    const end = endOfTag(text, tag);
    if (end < 0) throw new Error('The drawing ends within an element');
    yield element(text.slice(tag + 1, end));
    position = end + 1;
  }
}

/** Where to go on after a comment, CDATA, declaration or document type; null when an element starts here. */
function afterNonElement(text: string, at: number): number | null {
  for (const [open, close] of [['<!--', '-->'], ['<![CDATA[', ']]>'], ['<?', '?>'], ['<!', '>']] as const) {
    if (!text.startsWith(open, at)) continue;
    const end = text.indexOf(close, at + open.length);
    if (end < 0) throw new Error('The drawing ends too early');
    return end + close.length;
  }
  return null;
}

/** The `>` that ends a tag: one within quotes does not. */
function endOfTag(text: string, at: number): number {
  let quote = '';
  for (let index = at + 1; index < text.length; index++) {
    const character = text.charAt(index);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") {
      quote = character;
    } else if (character === '>') {
      return index;
    }
  }
  return -1;
}

function element(inner: string): XmlEvent {
  if (inner.startsWith('/')) return { type: 'close', name: inner.slice(1).trim() };
  const empty = inner.endsWith('/');
  const body = empty ? inner.slice(0, -1) : inner;
  const name = /^[^\s/]+/.exec(body)?.[0] ?? '';
  const attributes = new Map<string, string>();
  for (const match of body.slice(name.length).matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    attributes.set(match[1] ?? '', unescapeXml(match[2] ?? match[3] ?? ''));
  }
  return { type: 'open', name, attributes, empty };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

export function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = hex !== undefined ? parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
