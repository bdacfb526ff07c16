// Scanning: what a scanner types is sent at once, one after the other, while the next is already being
// typed; what was heard is said and shown by a colour. The field is ready for the next at any time.
// @ts-check
class ScanDesk extends HTMLElement {
  connectedCallback() {
    this.waiting = [];
    this.form = this.querySelector('form.scanning');
    this.form?.addEventListener('submit', event => { event.preventDefault(); this.take(); });
    // Whatever is typed while nothing has the focus is meant for the field.
    document.addEventListener('keydown', event => {
      const free = document.activeElement === document.body || document.activeElement?.id === 'main';
      if (free && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) this.code?.focus();
    });
  }

  get code() { return /** @type {HTMLInputElement|null} */ (this.form?.elements.namedItem('code') ?? null); }

  take() {
    const code = this.code;
    if (!code?.value.trim()) return;
    this.waiting.push(new URLSearchParams(/** @type {any} */ (new FormData(this.form))));
    code.value = '';
    for (const [name, own] of [['quantity', '1'], ['lot', '']]) {
      const field = this.form.elements.namedItem(name);
      if (field) field.value = own;
    }
    code.focus();
    if (!this.busy) this.send();
  }

  async send() {
    this.busy = true;
    for (let body = this.waiting.shift(); body; body = this.waiting.shift()) {
      try { this.heard(await this.ask(body)); } catch (error) { this.tell(String(error), 'bad'); }
    }
    this.busy = false;
  }

  async ask(body) {
    const answer = await fetch(this.form.action, { method: 'POST', body, headers: { accept: 'application/json' } });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    return { said: told.errors?.[0]?.message ?? told.detail ?? String(answer.status), tone: 'bad' };
  }

  heard(told) {
    this.tell(told.said, told.tone);
    if (!told.line) return;
    const end = this.querySelector('[data-counted]');
    if (end) end.textContent = end.dataset.counted;
    for (const row of this.querySelectorAll('tr[data-line]')) {
      row.classList.toggle('last', row.dataset.line === told.line);
      if (row.dataset.line !== told.line) {
        const output = row.querySelector('output');
        if (output?.textContent === '–') output.textContent = '0';
        continue;
      }
      row.dataset.tone = told.tone;
      row.querySelector('output').textContent = told.done;
      row.querySelector('[data-told]').textContent = told.told;
      row.scrollIntoView({ block: 'nearest' });
    }
  }

  tell(text, tone) {
    const place = this.querySelector('.heard');
    place.dataset.tone = tone;
    // The same sentence twice is said twice.
    place.textContent = '';
    requestAnimationFrame(() => { place.textContent = text; });
  }
}
customElements.define('scan-desk', ScanDesk);
