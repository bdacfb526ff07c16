// Choosing options: the page follows each click, and a field of options opens it over its form.
// @ts-check

/** Shows what the form asks for, without leaving the field one is at. */
async function look(place) {
  const form = /** @type {HTMLFormElement} */ (place.querySelector('#configurator'));
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(form)) asked.append(name, String(value));
  const turn = place.turn = (place.turn ?? 0) + 1;
  const fresh = await read(`${form.getAttribute('action')}?${asked}`);
  if (!fresh || turn !== place.turn) return;
  const at = document.activeElement?.id;
  show(place, fresh);
  if (at) document.getElementById(at)?.focus();
}

async function read(address) {
  const answer = await fetch(address, { headers: { accept: 'text/html' } });
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  return page.querySelector(answer.ok ? '#configurator' : 'main');
}

function show(place, fresh) {
  const old = place.querySelector('#configurator');
  if (old) old.replaceWith(fresh); else place.append(fresh);
  for (const one of place.querySelectorAll('.ways > *')) one.hidden = one.matches('.take') !== place.matches('dialog');
}

function follow(place) {
  place.addEventListener('change', () => look(place));
  place.addEventListener('submit', event => { event.preventDefault(); look(place); });
}

const page = document.querySelector('main:has(> #configurator)');
if (page) {
  follow(page);
  // The address is that of what is shown, so that it can be sent to somebody.
  page.addEventListener('change', () => {
    const form = /** @type {HTMLFormElement} */ (page.querySelector('#configurator'));
    const asked = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value) asked.append(name, String(value));
    history.replaceState(null, '', `?${asked}`);
  });
}

class OptionBox extends HTMLElement {
  connectedCallback() {
    this.input = /** @type {HTMLInputElement} */ (this.querySelector('input'));
    this.querySelector('button')?.addEventListener('click', () => this.open());
  }

  async open() {
    const form = this.input.form;
    const held = name => /** @type {HTMLInputElement|null} */ (form?.elements.namedItem(name))?.value ?? '';
    const product = held(this.dataset.product ?? '');
    if (!product) return /** @type {HTMLElement|null} */ (form?.elements.namedItem(`${this.dataset.product}~`))?.focus();
    const asked = new URLSearchParams({ product, choice: this.input.value });
    for (const name of ['customer', 'currency']) if (held(name)) asked.set(name, held(name));
    const quantity = held(this.dataset.quantity ?? '');
    if (quantity) asked.set('quantity', quantity);
    const fresh = await read(`/configure?${asked}`);
    if (!fresh) return;
    const sheet = document.createElement('dialog');
    sheet.className = 'configurator';
    const close = Object.assign(document.createElement('button'), { type: 'button', className: 'icon close', textContent: '×' });
    close.setAttribute('aria-label', document.querySelector('dialog [data-close]')?.getAttribute('aria-label') ?? 'Esc');
    close.addEventListener('click', () => sheet.close());
    sheet.append(close);
    show(sheet, fresh);
    follow(sheet);
    sheet.addEventListener('click', event => {
      if (event.target === sheet) sheet.close();
      if (/** @type {HTMLElement} */ (event.target).closest('.take')) this.take(sheet);
    });
    sheet.addEventListener('close', () => { sheet.remove(); this.querySelector('button')?.focus(); });
    document.body.append(sheet);
    sheet.showModal();
  }

  take(sheet) {
    const form = /** @type {HTMLFormElement} */ (sheet.querySelector('#configurator'));
    const quantity = /** @type {HTMLInputElement|null} */ (form.elements.namedItem('quantity'));
    const beside = /** @type {HTMLInputElement|null} */ (this.input.form?.elements.namedItem(this.dataset.quantity ?? ''));
    if (beside && quantity) beside.value = quantity.value;
    this.input.value = form.dataset.choice ?? '';
    sheet.close();
    this.input.dispatchEvent(new Event('input', { bubbles: true }));
    this.input.dispatchEvent(new Event('change', { bubbles: true }));
  }
}
customElements.define('option-box', OptionBox);
