// Boards: cards are drawn from column to column where they may go; the select does the same.
// @ts-check
import { say } from './app.js';

class KanBan extends HTMLElement {
  connectedCallback() {
    this.addEventListener('dragstart', event => this.start(event));
    this.addEventListener('dragend', () => this.stop());
    this.addEventListener('dragover', event => this.over(event));
    this.addEventListener('drop', event => this.drop(event));
    this.addEventListener('change', event => {
      const select = /** @type {HTMLSelectElement} */ (event.target);
      const card = select.closest('.card');
      if (card && select.value) this.move(card, select.value);
    });
  }

  start(event) {
    this.card = event.target.closest?.('.card');
    if (!this.card) return;
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', this.card.dataset.id);
    this.card.classList.add('drag');
    for (const column of this.querySelectorAll('.column')) column.classList.toggle('closed', !this.goes(column));
  }

  goes(column) {
    const value = column.dataset.value;
    return this.card && (this.card.closest('.column') === column || this.card.dataset.to.split(' ').includes(value));
  }

  over(event) {
    const column = event.target.closest?.('.column');
    this.querySelectorAll('.over').forEach(one => { if (one !== column) one.classList.remove('over'); });
    if (!column || !this.goes(column)) return;
    event.preventDefault();
    column.classList.add('over');
  }

  drop(event) {
    const column = event.target.closest?.('.column');
    event.preventDefault();
    if (column && this.goes(column) && this.card?.closest('.column') !== column) this.move(this.card, column.dataset.value);
    this.stop();
  }

  stop() {
    this.querySelectorAll('.drag, .over, .closed').forEach(one => one.classList.remove('drag', 'over', 'closed'));
    this.card = null;
  }

  /** The card stands at its new place at once; should it be refused, it goes back and it is said why. */
  async move(card, to) {
    const from = card.parentElement, beside = card.nextElementSibling;
    const column = this.querySelector(`.column[data-value="${CSS.escape(to)}"]`);
    column?.querySelector('.cards')?.prepend(card);
    const body = new URLSearchParams({ id: card.dataset.id, version: card.dataset.version, to });
    const answer = await fetch('/do/move/' + this.dataset.model, { method: 'POST', body, redirect: 'manual', headers: { accept: 'application/json' } });
    if (answer.type === 'opaqueredirect' || answer.ok) return this.refresh();
    from?.insertBefore(card, beside);
    const problem = await answer.json().catch(() => ({}));
    say(problem.errors?.[0]?.message ?? problem.detail ?? String(answer.status));
  }

  async refresh() {
    const text = await (await fetch(location.href, { headers: { accept: 'text/html' } })).text();
    const page = new DOMParser().parseFromString(text, 'text/html');
    const next = page.querySelector('kan-ban');
    if (next) this.replaceChildren(...next.children);
    const said = page.querySelector('#said p')?.textContent;
    if (said) say(said);
  }
}
customElements.define('kan-ban', KanBan);
