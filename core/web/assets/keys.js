// The keyboard. Single letters work outside of fields only, and never with a modifier.
// @ts-check

const typing = target => target.closest('input, textarea, select, [contenteditable], dialog');
let before = '';

/** The rows of the list on the page. */
const rows = () => [...document.querySelectorAll('table.list tbody tr[data-id]')];

function step(by) {
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex(row => row.classList.contains('at'));
  const next = all[Math.min(Math.max(now + by, 0), all.length - 1)];
  all.forEach(row => row.classList.toggle('at', row === next));
  next.querySelector('a.row')?.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
}

document.addEventListener('keydown', event => {
  const target = /** @type {HTMLElement} */ (event.target);
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key.toLowerCase() === 's' && document.getElementById('record')) {
    event.preventDefault();
    /** @type {HTMLFormElement} */ (document.getElementById('record')).requestSubmit();
  }
  if (command || event.altKey || typing(target)) return;
  const pair = before + event.key;
  before = event.key === 'g' ? 'g' : '';
  const act = {
    '?': () => /** @type {HTMLDialogElement} */ (document.getElementById('shortcuts'))?.showModal(),
    '/': () => /** @type {HTMLElement} */ (document.querySelector('[data-key="/"]') ?? document.getElementById('find'))?.focus(),
    n: () => /** @type {HTMLElement} */ (document.querySelector('[data-key=n]'))?.click(),
    e: () => /** @type {HTMLElement} */ (document.querySelector('#record .entry :is(input:not([type=hidden]), select, textarea)'))?.focus(),
    j: () => step(1),
    k: () => step(-1),
    x: () => /** @type {HTMLElement} */ (document.querySelector('tr.at .sel input'))?.click(),
    gh: () => { location.href = '/'; },
  }[pair] ?? null;
  const single = act ?? ({ '?': 1, '/': 1, n: 1, e: 1, j: 1, k: 1, x: 1 }[event.key] ? null : undefined);
  if (single) {
    event.preventDefault();
    single();
  }
});
