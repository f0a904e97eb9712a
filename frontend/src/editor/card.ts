// A card about a name in the editor: what it is, what it does, an example. Text nodes only.
import { pieces } from '../lib/prose';
import { visible } from '../lib/visible';

export function card(signature: string, doc: string, example = ''): HTMLElement {
  const box = document.createElement('div');
  box.className = 'card';
  for (const [className, text] of [['signature', signature], ['doc', doc], ['example', example]] as const) {
    if (text.trim() === '') continue;
    const part = document.createElement('div');
    part.className = className;
    // Only the words have code among them; the others are code.
    for (const piece of className === 'doc' ? pieces(text) : [{ text, code: false }]) part.append(piece.code ? codeOf(piece.text) : visible(piece.text));
    box.append(part);
  }
  return box;
}

function codeOf(text: string): HTMLElement {
  const code = document.createElement('code');
  code.textContent = visible(text);
  return code;
}
