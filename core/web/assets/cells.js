// Cells of a list are changed where they stand: F2 or a double click opens the field as the record's own form
// has it, Enter saves it by that form with its version, Tab goes on to the next, Escape leaves it as it was.
// @ts-check
import { localize, say } from './app.js';

const texts = document.getElementById('live');
const EDITABLE = 'td[data-field]';
/** @type {{ cell: HTMLElement, box: HTMLElement, kept: Node[], was: Record<string, string>, version: string, place: string } | null} */
let open = null;

const page = async (answer) => {
  const found = new DOMParser().parseFromString(await answer.text(), 'text/html');
  localize(found);
  return found;
};

/** @param {HTMLElement} cell */
async function edit(cell) {
  const link = /** @type {HTMLAnchorElement|null} */ (cell.closest('tr')?.querySelector('a.row'));
  if (!link || open?.cell === cell) return;
  if (open && !await save()) return;
  const answer = await fetch(link.href, { headers: { accept: 'text/html' } });
  const form = await page(answer);
  const name = cell.dataset.field ?? '';
  const entry = form.getElementById('f-' + name)?.closest('.entry');
  const was = /** @type {HTMLInputElement|null} */ (form.querySelector('#record [name=_was]'));
  const version = /** @type {HTMLInputElement|null} */ (form.querySelector('#record [name=_version]'));
  if (!answer.ok || !entry || !was || !version) return say(texts?.dataset.fixed ?? '');
  const box = document.createElement('div');
  box.className = 'cell';
  entry.querySelectorAll('.help').forEach(help => help.remove());
  box.append(...entry.childNodes);
  for (const input of box.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    input.setAttribute('aria-label', cell.dataset.label ?? name);
  }
  open = { cell, box, kept: [...cell.childNodes], was: JSON.parse(was.value), version: version.value, place: link.href };
  cell.replaceChildren(box);
  cell.classList.add('open');
  const input = /** @type {HTMLInputElement|null} */ (box.querySelector('input:not([type=hidden]), select, textarea'));
  input?.focus();
  input?.select?.();
}

/** What is entered, and what of it was there before. */
function entered() {
  const body = new URLSearchParams(), was = {};
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (open?.box.querySelectorAll('[name]'))) {
    if ((input.type === 'checkbox' || input.type === 'radio') && !input.checked) continue;
    body.append(input.name, input.value);
    if (open && input.name in open.was) was[input.name] = open.was[input.name];
  }
  return { body, was };
}

function leave() {
  if (!open) return;
  open.cell.replaceChildren(...open.kept);
  open.cell.classList.remove('open');
  open = null;
}

/** Whether it is saved, or was not changed. */
async function save() {
  if (!open) return true;
  const { body, was } = entered();
  const last = new Map(body);
  if ([...last].every(([name, value]) => value === (was[name] ?? ''))) { leave(); return true; }
  body.append('_version', open.version);
  body.append('_was', JSON.stringify(was));
  const answer = await fetch(open.place, { method: 'POST', body, headers: { accept: 'text/html' } });
  if (answer.ok && answer.redirected) {
    await renew(open.cell);
    return true;
  }
  const refused = await page(answer);
  if (refused.querySelector('.conflict')) {
    const place = open.place;
    say(texts?.dataset.conflict ?? '', { label: texts?.dataset.show ?? '', run: () => { location.href = place; } });
  } else {
    say(refused.querySelector('[role=alert] li, .wrong p')?.textContent ?? String(answer.status));
  }
  open?.box.querySelector('input:not([type=hidden]), select, textarea')?.setAttribute('aria-invalid', 'true');
  return false;
}

/** The row as the list has it now; one that does not belong there any more stays until the next look. */
async function renew(cell) {
  const row = cell.closest('tr');
  const field = cell.dataset.field;
  open = null;
  const list = await page(await fetch(location.href, { headers: { accept: 'text/html' } }));
  const next = list.querySelector(`tr[data-id="${row?.dataset.id}"]`);
  if (!next) return location.reload();
  next.classList.toggle('at', row.classList.contains('at'));
  row.replaceWith(next);
  say(texts?.dataset.saved ?? '');
  /** @type {HTMLElement|null} */ (next.querySelector('a.row'))?.focus({ preventScroll: true });
  return field;
}

/** @param {HTMLElement} cell @param {number} by */
async function onward(cell, by) {
  const id = cell.closest('tr')?.dataset.id, field = cell.dataset.field;
  if (!await save()) return;
  const cells = [...document.querySelectorAll(`tr[data-id="${id}"] ${EDITABLE}`)];
  const at = cells.findIndex(one => /** @type {HTMLElement} */ (one).dataset.field === field);
  const next = /** @type {HTMLElement|undefined} */ (cells[at + by]);
  if (next) edit(next);
}

document.addEventListener('dblclick', event => {
  const cell = /** @type {HTMLElement} */ (event.target).closest(EDITABLE);
  if (!cell || open?.cell === cell) return;
  event.preventDefault();
  getSelection()?.removeAllRanges();
  edit(/** @type {HTMLElement} */ (cell));
});
document.addEventListener('keydown', event => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (open?.box.contains(target)) {
    const chooses = target.getAttribute('aria-expanded') === 'true';
    if (event.defaultPrevented || chooses) return;
    const act = { Enter: save, Escape: leave, Tab: () => onward(/** @type {HTMLElement} */ (open?.cell), event.shiftKey ? -1 : 1) }[event.key];
    if (!act || (event.key === 'Enter' && target.matches('textarea') && !event.ctrlKey)) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  } else if (event.key === 'F2') {
    const row = target.closest('tr[data-id]') ?? document.querySelector('tr.at');
    const cell = row?.querySelector(EDITABLE);
    if (!cell) return;
    event.preventDefault();
    edit(/** @type {HTMLElement} */ (cell));
  }
});
document.addEventListener('mousedown', event => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (open && !open.cell.contains(target) && !target.closest('[role=listbox], #said')) save();
});
