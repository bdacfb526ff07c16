// The palette: go to, make, do, find. Ctrl or Cmd and K, or the field in the head.
// @ts-check
import { recent } from './app.js';

const dialog = /** @type {HTMLDialogElement|null} */ (document.getElementById('palette'));
const input = dialog?.querySelector('input');
const list = document.getElementById('palette-list');
let places = [];
let asked = 0;

/** What the page itself can do. */
const deeds = () => [...document.querySelectorAll('.deeds form.deed button, .ways a.button')]
  .map(one => ({ title: one.textContent.trim(), run: () => /** @type {HTMLElement} */ (one).click() }));

const fold = text => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

function option(item) {
  const line = document.createElement('div');
  line.setAttribute('role', 'option');
  line.append(item.title);
  const aside = [item.aside, item.kind].filter(Boolean).join(' · ');
  if (aside) line.append(Object.assign(document.createElement('small'), { textContent: aside }));
  line.addEventListener('click', () => {
    dialog?.close();
    if (item.run) item.run(); else location.href = item.href;
  });
  return line;
}

function show(groups) {
  if (!list || !input) return;
  list.replaceChildren();
  for (const [name, items] of groups) {
    if (!items.length) continue;
    if (name) list.append(Object.assign(document.createElement('h3'), { textContent: name, role: 'presentation' }));
    items.forEach(item => list.append(option(item)));
  }
  const all = [...list.querySelectorAll('[role=option]')];
  all.forEach((one, at) => { one.id = 'palette-' + at; });
  if (!all.length) list.append(Object.assign(document.createElement('p'), { className: 'soft', textContent: list.dataset.none }));
  mark(all[0]);
}

function mark(one) {
  list?.querySelectorAll('[aria-selected=true]').forEach(old => old.setAttribute('aria-selected', 'false'));
  one?.setAttribute('aria-selected', 'true');
  one?.scrollIntoView({ block: 'nearest' });
  if (one) input?.setAttribute('aria-activedescendant', one.id);
}

async function look() {
  const words = input?.value.trim() ?? '';
  const turn = ++asked;
  if (!places.length) places = (await (await fetch('/palette')).json()).places;
  const near = places.filter(place => fold(words).split(/\s+/).every(word => fold(place.title).includes(word)));
  const own = deeds().filter(deed => fold(deed.title).includes(fold(words)));
  const go = near.filter(place => !place.new), make = near.filter(place => place.new);
  const fixed = words
    ? [[list?.dataset.go, go.slice(0, 6)], [list?.dataset.act, [...own, ...make.slice(0, 5)]]]
    : [[list?.dataset.recent, recent().slice(0, 6)], [list?.dataset.act, own], [list?.dataset.go, go]];
  if (turn === asked) show(fixed);
  if (!words) return;
  const found = (await (await fetch('/palette?q=' + encodeURIComponent(words))).json()).found;
  if (turn === asked) show([...fixed, ['', found]]);
}

function open() {
  if (!dialog || dialog.open) return;
  if (input) input.value = '';
  dialog.showModal();
  look();
}

let pause = 0;
input?.addEventListener('input', () => { clearTimeout(pause); pause = setTimeout(look, 120); });
input?.addEventListener('keydown', event => {
  const all = [...list?.querySelectorAll('[role=option]') ?? []];
  const now = all.findIndex(one => one.getAttribute('aria-selected') === 'true');
  if (event.key === 'ArrowDown') { event.preventDefault(); mark(all[(now + 1) % all.length]); }
  if (event.key === 'ArrowUp') { event.preventDefault(); mark(all[(now - 1 + all.length) % all.length]); }
  if (event.key === 'Enter') { event.preventDefault(); /** @type {HTMLElement} */ (all[now])?.click(); }
});
document.addEventListener('keydown', event => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') { event.preventDefault(); open(); }
});
document.querySelector('[data-palette]')?.addEventListener('click', open);
