// Forms: what is not saved is not lost by leaving, and what the record would be is shown as one types.
// @ts-check

const form = /** @type {HTMLFormElement|null} */ (document.getElementById('record'));
const mark = /** @type {HTMLElement|null} */ (form?.querySelector('.unsaved') ?? null);
let changed = false;

const body = () => {
  const data = new URLSearchParams();
  if (form) for (const [name, value] of new FormData(form)) data.append(name, String(value));
  if (document.body.dataset.record) data.append('_id', document.body.dataset.record);
  return data;
};

let pause = 0;
let turn = 0;
function touched() {
  changed = true;
  if (mark) mark.hidden = false;
  clearTimeout(pause);
  pause = setTimeout(outlook, 180);
}

/** Computed fields, and as a hint what the program fills in where one leaves a field empty. */
async function outlook() {
  const now = ++turn;
  const answer = await fetch(form?.dataset.outlook ?? '', { method: 'POST', body: body(), headers: { accept: 'application/json' } });
  if (now !== turn || !answer.ok) return;
  const { shown } = await answer.json();
  for (const place of form?.querySelectorAll('output[data-of]') ?? []) {
    const told = shown[place.dataset.of];
    if (told && place.innerHTML !== told.html) place.innerHTML = told.html;
  }
  for (const field of form?.elements ?? []) {
    const told = shown[field.name.replace(/~$/, '')];
    if (told && 'placeholder' in field && field.type !== 'date' && !field.matches('textarea.mono')) {
      field.dataset.hint ??= field.placeholder;
      field.placeholder = field.value ? field.dataset.hint : told.held || field.dataset.hint;
    }
  }
}

if (form?.querySelector('[name=_was]')) {
  form.addEventListener('input', event => { if (/** @type {HTMLInputElement} */ (event.target).name) touched(); });
  form.addEventListener('change', touched);
  form.addEventListener('rows', touched);
  form.addEventListener('submit', () => { changed = false; });
  addEventListener('beforeunload', event => { if (changed) event.preventDefault(); });
  // Deeds leave the page on purpose: what is not saved is asked about by the browser.
  if (form.querySelector('.alert')) changed = true;
  if (!document.body.dataset.record) outlook();
}

// Documents that refer to this one.
const related = /** @type {HTMLElement|null} */ (document.querySelector('#related[data-src]'));
if (related) {
  fetch(related.dataset.src ?? '', { headers: { accept: 'text/html' } })
    .then(answer => (answer.ok ? answer.text() : ''))
    .then(text => {
      const found = new DOMParser().parseFromString(text, 'text/html').querySelector('nav');
      related.replaceChildren(...(found?.children.length ? [found] : []));
    });
}

export const isChanged = () => changed;
