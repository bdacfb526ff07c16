// Planners: a bar is drawn to other days or another row, or taken there by the arrow keys; Enter keeps
// what one sees, Escape takes it back. What is refused goes back to where it was, and it is said why.
// @ts-check
import { localize, say } from './app.js';

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const DAY_MS = 86_400_000;

class TimeLine extends HTMLElement {
  connectedCallback() {
    this.addEventListener('pointerdown', event => this.grab(event));
    this.addEventListener('pointermove', event => this.draw(event));
    this.addEventListener('pointerup', event => this.drop(event));
    this.addEventListener('pointercancel', () => this.forget());
    this.addEventListener('keydown', event => this.key(event));
    this.addEventListener('focusout', event => { if (this.held && !this.held.drawn && event.target === this.held.bar) this.forget(); });
    // A bar that was drawn is not opened by the click that ends it.
    this.addEventListener('click', event => { if (this.drew) event.preventDefault(); this.drew = false; }, true);
  }

  get rows() { return [...this.querySelectorAll('tbody[data-row], tbody.none')]; }
  get columns() { return [...this.querySelectorAll('thead th[data-from]')]; }

  hold(bar) {
    const row = bar.closest('tbody');
    this.held = { bar, row, at: this.rows.indexOf(row), columns: 0, rows: 0, drawn: false };
    return this.held;
  }

  grab(event) {
    const bar = event.target.closest?.('.bar[data-move]');
    if (!bar || event.button !== 0 || event.pointerType === 'touch') return;
    this.forget();
    Object.assign(this.hold(bar), { x: event.clientX, y: event.clientY, pointer: event.pointerId });
  }

  draw(event) {
    const held = this.held;
    if (!held || held.pointer !== event.pointerId) return;
    const x = event.clientX - held.x, y = event.clientY - held.y;
    if (!held.drawn && Math.hypot(x, y) < 5) return;
    if (!held.drawn) { held.drawn = true; this.setPointerCapture(event.pointerId); held.bar.classList.add('drag'); }
    held.bar.style.transform = `translate(${x}px, ${y}px)`;
    held.columns = Math.round(x / this.columns[0].getBoundingClientRect().width);
    const over = this.rows.findIndex(row => { const box = row.getBoundingClientRect(); return event.clientY >= box.top && event.clientY < box.bottom; });
    held.rows = held.bar.dataset.move === 'both' && over >= 0 ? over - held.at : 0;
    this.mark();
  }

  drop(event) {
    const held = this.held;
    if (!held || held.pointer !== event.pointerId) return;
    held.pointer = undefined;
    if (!held.drawn) { this.held = null; return; }
    this.drew = true;
    setTimeout(() => { this.drew = false; });
    this.keep();
  }

  key(event) {
    const bar = event.target.closest?.('.bar[data-move]');
    const step = MOVES[event.key];
    if (!bar || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' && this.held) { event.preventDefault(); event.stopPropagation(); this.forget(); return; }
    if (event.key === 'Enter' && this.held && (this.held.columns || this.held.rows)) { event.preventDefault(); this.keep(); return; }
    if (!step || (step[1] && bar.dataset.move !== 'both')) return;
    event.preventDefault();
    const held = this.held?.bar === bar ? this.held : this.hold(bar);
    held.columns += step[0];
    const row = held.at + held.rows + step[1];
    if (row >= 0 && row < this.rows.length) held.rows += step[1];
    bar.classList.add('drag');
    const from = held.row.getBoundingClientRect(), to = this.rows[held.at + held.rows].getBoundingClientRect();
    bar.style.transform = `translate(${held.columns * this.columns[0].getBoundingClientRect().width}px, ${to.top - from.top}px)`;
    this.mark();
    const name = this.rows[held.at + held.rows].querySelector('th')?.firstElementChild?.textContent ?? this.rows[held.at + held.rows].querySelector('th')?.textContent ?? '';
    say(`${name.trim()}, ${this.shown(this.start())}. ${this.dataset.keep}`);
  }

  /** The row that it would go to. */
  mark() {
    const held = this.held;
    this.rows.forEach((row, n) => row.classList.toggle('over', !!held && held.rows !== 0 && n === held.at + held.rows));
  }

  /** The day on which the bar would begin. */
  start() {
    const { bar, columns } = this.held;
    return new Date(Date.parse(bar.dataset.start) + columns * Number(this.dataset.step) * DAY_MS);
  }

  shown(day) {
    const own = new Intl.DateTimeFormat(document.documentElement.lang === 'en' ? 'en-GB' : document.documentElement.lang, { dateStyle: 'medium', timeZone: 'UTC' });
    return own.format(day);
  }

  forget() {
    if (!this.held) return;
    this.held.bar.classList.remove('drag');
    this.held.bar.style.transform = '';
    this.held = null;
    this.mark();
  }

  async keep() {
    const { bar, at, rows, columns } = this.held;
    if (!rows && !columns) return this.forget();
    const body = new URLSearchParams({ id: bar.dataset.id, version: bar.dataset.version, start: this.start().toISOString().slice(0, 10) });
    if (rows) body.set('row', this.rows[at + rows].dataset.row ?? '');
    const answer = await fetch('/do/plan/' + this.dataset.model, { method: 'POST', body, redirect: 'manual', headers: { accept: 'application/json' } });
    if (answer.type === 'opaqueredirect' || answer.ok) {
      await this.refresh(bar.dataset.id);
      return say(this.dataset.moved ?? '');
    }
    this.forget();
    const problem = await answer.json().catch(() => ({}));
    say(problem.errors?.[0]?.message ?? problem.detail ?? String(answer.status));
    // What somebody else has changed is shown as it is now.
    if (answer.status === 412) this.refresh(bar.dataset.id);
  }

  async refresh(id) {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    localize(page);
    const next = page.querySelector('time-line');
    this.held = null;
    const scrolled = this.querySelector('.scroll')?.scrollLeft ?? 0;
    if (next) this.replaceChildren(...next.children);
    const scroll = this.querySelector('.scroll');
    if (scroll) scroll.scrollLeft = scrolled;
    this.querySelector(`.bar[data-id="${CSS.escape(id)}"]`)?.focus();
  }
}
customElements.define('time-line', TimeLine);
