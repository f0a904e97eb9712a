// A card about a name in the editor: what it is, what it does, an example. Text nodes only.
import { visible } from '../lib/visible';

export function card(signature: string, doc: string, example = ''): HTMLElement {
  const box = document.createElement('div');
  box.className = 'card';
  for (const [className, text] of [['signature', signature], ['doc', doc], ['example', example]] as const) {
    if (text.trim() === '') continue;
    const part = document.createElement('div');
    part.className = className;
    part.textContent = visible(text);
    box.append(part);
  }
  return box;
}
