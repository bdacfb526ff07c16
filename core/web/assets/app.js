// What every page has from scripts: menus that close, the sentence that goes, times in one's own
// zone, what was open last. Each larger thing is a module of its own.
// @ts-check
import './keys.js';
import './palette.js';
import './link-box.js';
import './list.js';
import './cells.js';
import './form.js';
import './lines.js';
import './configure.js';
import './board.js';
import './planner.js';
import './tree.js';
import './scan.js';
import './files.js';
import './live.js';
import './bell.js';

const main = /** @type {HTMLElement} */ (document.getElementById('main'));

// Menus close when one goes elsewhere, by click, by focus or by Escape.
document.addEventListener('click', event => {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(/** @type {Node} */ (event.target))) menu.removeAttribute('open');
  }
});
document.addEventListener('focusin', event => {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(/** @type {Node} */ (event.target))) menu.removeAttribute('open');
  }
});
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape') return;
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    menu.removeAttribute('open');
    menu.querySelector('summary')?.focus();
  }
});

for (const button of document.querySelectorAll('[data-toggle=nav]')) {
  button.addEventListener('click', () => {
    const open = document.getElementById('nav')?.classList.toggle('open');
    button.setAttribute('aria-expanded', String(open));
  });
}
for (const button of document.querySelectorAll('[data-open]')) {
  button.addEventListener('click', () => {
    /** @type {HTMLDialogElement} */ (document.getElementById(button.getAttribute('data-open') ?? ''))?.showModal();
  });
}
for (const button of document.querySelectorAll('dialog [data-close]')) {
  button.addEventListener('click', () => button.closest('dialog')?.close());
}
for (const dialog of document.querySelectorAll('dialog')) {
  dialog.addEventListener('click', event => { if (event.target === dialog) dialog.close(); });
}

// What is for good is asked once more.
document.addEventListener('submit', event => {
  const from = /** @type {HTMLElement} */ (event.submitter ?? event.target);
  const sure = from.getAttribute('data-sure') ?? from.closest('form[data-sure]')?.getAttribute('data-sure');
  if (sure && !confirm(sure)) event.preventDefault();
});

/** Shows a sentence for a while; one that needs an answer stays. */
export function say(text, action) {
  const place = document.getElementById('said');
  if (!place) return;
  const line = document.createElement('p');
  line.append(text);
  if (action) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = action.label;
    button.addEventListener('click', action.run);
    line.append(button);
  }
  place.replaceChildren(line);
  if (!action) setTimeout(() => line.remove(), 5000 + text.length * 40);
}
const told = document.querySelector('#said p');
if (told) {
  setTimeout(() => told.remove(), 5000 + (told.textContent ?? '').length * 40);
}

/** Times are written by the server in UTC; here in one's own zone. */
export function localize(root) {
  for (const time of root.querySelectorAll('time[datetime*=T]')) {
    const at = new Date(time.dateTime);
    if (isNaN(+at) || time.dataset.local) continue;
    time.dataset.local = '1';
    const calendar = document.documentElement.lang === 'th' ? { calendar: time.textContent.includes(String(at.getUTCFullYear() + 543)) ? 'buddhist' : 'gregory' } : {};
    const language = document.documentElement.lang;
    time.textContent = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { dateStyle: 'medium', timeStyle: 'short', ...calendar }).format(at);
  }
}
localize(document);

// What was open last, on this browser only; signing out forgets it.
const mine = 'fondaco-recent-' + (document.body.dataset.user ?? '');
export function recent() {
  try { return JSON.parse(localStorage.getItem(mine) ?? '[]'); } catch { return []; }
}
if (document.body.dataset.record) {
  const title = document.querySelector('h1')?.firstChild?.textContent ?? '';
  const kind = document.querySelector('.crumbs a')?.textContent ?? '';
  const others = recent().filter(item => item.href !== location.pathname);
  localStorage.setItem(mine, JSON.stringify([{ href: location.pathname, title, kind }, ...others].slice(0, 12)));
}
document.querySelector('form[action="/sign-out"]')?.addEventListener('submit', () => localStorage.removeItem(mine));
const place = document.getElementById('recent');
if (place) {
  const items = recent();
  const list = document.createElement('ul');
  for (const item of items) {
    const line = document.createElement('li');
    const link = Object.assign(document.createElement('a'), { href: item.href, textContent: item.title });
    const kind = Object.assign(document.createElement('span'), { className: 'soft', textContent: ' ' + item.kind });
    line.append(link, kind);
    list.append(line);
  }
  if (!items.length) list.append(Object.assign(document.createElement('li'), { className: 'soft', textContent: place.dataset.none }));
  place.append(list);
}

// The way back leads to the list as it was.
const model = document.body.dataset.model;
if (model && !document.body.dataset.record && location.pathname === '/' + model) {
  sessionStorage.setItem('list-' + model, location.pathname + location.search);
}
const back = /** @type {HTMLAnchorElement|null} */ (document.querySelector('.crumbs a'));
if (back) {
  const kept = sessionStorage.getItem('list-' + back.pathname.slice(1));
  if (kept) back.href = kept;
}
main?.querySelector('[role=alert]')?.focus();
