// Lists: a click opens a row, rows are chosen, more of them come as one reaches the end, columns are
// put in order, days from and to make one facet.
// @ts-check
import { localize } from './app.js';

const form = document.getElementById('bulk');
const bar = /** @type {HTMLElement|null} */ (form?.querySelector('.bulk') ?? null);

let opening = 0;
document.addEventListener('click', event => {
  const target = /** @type {HTMLElement} */ (event.target);
  const row = target.closest('table.list tbody tr');
  if (!row || target.closest('a, button, input, label, select, textarea, .sel, td.open') || String(getSelection())) return;
  const link = /** @type {HTMLAnchorElement|null} */ (row.querySelector('a.row'));
  if (!link) return;
  if (event.ctrlKey || event.metaKey) { window.open(link.href, '_blank', 'noopener'); return; }
  clearTimeout(opening);
  // A second click means the cell, where it can be changed in place.
  if (!target.closest('td[data-field]')) link.click();
  else if (event.detail === 1) opening = setTimeout(() => link.click(), 220);
});

let last = -1;
function count() {
  const chosen = form?.querySelectorAll('tbody .sel input:checked').length ?? 0;
  if (!bar) return;
  bar.hidden = !chosen;
  const place = bar.querySelector('[data-count]');
  if (place) place.textContent = String(chosen);
}
form?.addEventListener('change', event => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  const all = [...form.querySelectorAll('tbody .sel input')];
  if (box.matches('[data-all]')) all.forEach(one => { one.checked = box.checked; });
  count();
});
form?.addEventListener('click', event => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (!box.matches('tbody .sel input')) return;
  const all = [...form.querySelectorAll('tbody .sel input')];
  const now = all.indexOf(box);
  if (event.shiftKey && last >= 0) {
    for (let at = Math.min(last, now); at <= Math.max(last, now); at++) all[at].checked = box.checked;
    count();
  }
  last = now;
});

// The next page is fetched when its link comes into sight.
const sight = new IntersectionObserver(seen => { if (seen.some(one => one.isIntersecting)) more(); }, { rootMargin: '600px' });
const end = () => /** @type {HTMLAnchorElement|null} */ (document.querySelector('a[data-more]'));
let busy = false;
async function more() {
  const link = end();
  if (!link || busy) return;
  busy = true;
  const answer = await fetch(link.href + '&part=1', { headers: { accept: 'text/html' } });
  busy = false;
  if (!answer.ok) return;
  const part = new DOMParser().parseFromString(await answer.text(), 'text/html');
  localize(part);
  document.querySelector('table.list tbody')?.append(...part.querySelectorAll('tbody tr'));
  sight.disconnect();
  link.closest('p')?.replaceWith(...part.querySelectorAll('p'));
  const next = end();
  if (next) sight.observe(next);
}
const first = end();
if (first) sight.observe(first);

for (const button of document.querySelectorAll('[data-move]')) {
  button.addEventListener('click', () => {
    const line = button.closest('li');
    const other = button.getAttribute('data-move') === 'up' ? line?.previousElementSibling : line?.nextElementSibling;
    if (!line || !other) return;
    if (button.getAttribute('data-move') === 'up') other.before(line); else other.after(line);
    /** @type {HTMLElement} */ (button).focus();
  });
}

for (const days of document.querySelectorAll('[data-days]')) {
  const [from, to, hold] = days.querySelectorAll('input');
  days.addEventListener('change', () => { hold.value = from.value || to.value ? `${from.value}..${to.value}` : '*'; });
}

// What was not chosen is not part of the address.
for (const facets of document.querySelectorAll('.filters form, .words')) {
  facets.addEventListener('submit', () => {
    for (const field of facets.querySelectorAll('input, select, textarea')) {
      if (field.value === '*' || (field.name && !field.value.trim())) field.disabled = true;
    }
  });
}
