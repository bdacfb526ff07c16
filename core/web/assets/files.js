// Files: dropped on a record or chosen, and kept at once.
// @ts-check
import { say } from './app.js';

async function keep(file, where) {
  const query = new URLSearchParams({ name: file.name, ...where });
  const headers = { 'content-type': file.type || 'application/octet-stream' };
  const answer = await fetch('/api/attachment/content?' + query, { method: 'POST', body: file, headers });
  const kept = await answer.json();
  if (!answer.ok) say(kept.errors?.[0]?.message ?? kept.detail);
  return answer.ok ? kept : null;
}

class FileDrop extends HTMLElement {
  connectedCallback() {
    const place = this.querySelector('.drop');
    const input = this.querySelector('input');
    this.addEventListener('dragover', event => { event.preventDefault(); place?.classList.add('over'); });
    this.addEventListener('dragleave', () => place?.classList.remove('over'));
    this.addEventListener('drop', event => { event.preventDefault(); this.take(event.dataTransfer?.files ?? []); });
    input?.addEventListener('change', () => this.take(input.files ?? []));
  }

  async take(files) {
    const where = { model: this.dataset.model ?? '', record: this.dataset.record ?? '' };
    for (const file of files) if (!await keep(file, where)) return;
    location.reload();
  }
}
customElements.define('file-drop', FileDrop);

class FileBox extends HTMLElement {
  connectedCallback() {
    const [hold, input] = this.querySelectorAll('input');
    input?.addEventListener('change', async () => {
      const kept = input.files?.[0] && await keep(input.files[0], {});
      if (!kept) return;
      hold.value = kept.id;
      this.querySelector('a, span.soft')?.replaceWith(kept.name);
      hold.dispatchEvent(new Event('change', { bubbles: true }));
    });
  }
}
customElements.define('file-box', FileBox);
