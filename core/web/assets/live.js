// What others change shows without asking: rows and cards are read anew, of a form in which one is at
// work it is said, so that nothing typed is lost.
// @ts-check
import { localize, say } from './app.js';
import { isChanged } from './form.js';

const { model, record } = document.body.dataset;
const main = /** @type {HTMLElement} */ (document.getElementById('main'));
const texts = document.getElementById('live');

async function read() {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
  if (!answer.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  localize(page);
  return page;
}

/** Puts what is new in place of what is old, unless somebody is at work there. */
async function fresh() {
  const page = await read();
  if (!page) return;
  const chosen = document.querySelector('tbody .sel input:checked');
  const busy = document.querySelector('.drag, td.open, main details[open].menu, link-box [aria-expanded=true], details.task[open]');
  if (chosen || busy) return tell();
  const at = document.activeElement?.closest('[data-id]')?.getAttribute('data-id');
  for (const part of ['.listing:not(time-line *) tbody', '.listing:not(time-line *) tfoot', '.head .count', 'kan-ban', 'time-line', 'tree-view', '.floor']) {
    const old = document.querySelector(part), next = page.querySelector(part);
    if (old && next) old.replaceChildren(...next.children.length ? next.children : next.childNodes);
  }
  // Whoever stood on a bar or a twig stands on it still.
  const same = at && document.querySelector(`:is(time-line, tree-view) [data-id="${CSS.escape(at)}"]`);
  if (same instanceof HTMLElement) same.focus();
  if (!document.querySelector('.listing, kan-ban, tree-view, .floor')) location.reload();
}

function tell() {
  say(texts?.dataset.list ?? '', { label: texts?.dataset.show ?? '', run: () => location.reload() });
}

/** Whether the page shows the record as it is now. */
async function isShown() {
  const answer = await fetch(`/api/${model}/${record}?fields=id`, { headers: { accept: 'application/json' } });
  return answer.ok && String((await answer.json()).version) === document.getElementById('record')?.dataset.version;
}

/** One is on the way to another page: reading this one again would lead back to it. */
let leaves = false;
document.addEventListener('submit', event => { setTimeout(() => { leaves = !event.defaultPrevented; }); });

let pause = 0;
async function changed(what) {
  if (what.model !== model || leaves) return;
  if (!record) { clearTimeout(pause); pause = setTimeout(fresh, 400); return; }
  if (what.id !== record) return;
  if (what.event === 'delete') return say(texts?.dataset.gone ?? '');
  // What one has done oneself, or what came before the page did, is on it.
  if (await isShown() || leaves) return;
  if (isChanged() || document.querySelector('main :focus:is(input, textarea, select)')) {
    say(texts?.dataset.record ?? '', { label: texts?.dataset.show ?? '', run: () => location.reload() });
  } else location.reload();
}

if (model && main && document.querySelector('.listing, kan-ban, tree-view, .floor, form#record, .empty')) {
  const events = new EventSource('/api/events');
  events.addEventListener('changed', event => {
    const what = JSON.parse(event.data);
    if (what.model === 'activity') dispatchEvent(new Event('fondaco-notices'));
    changed(what);
  });
  events.addEventListener('missed', () => (record ? tell() : changed({ model })));
  addEventListener('pagehide', () => events.close());
}
