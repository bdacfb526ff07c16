// Lines of a document: rows are added and taken away, Enter goes down, Ctrl+Enter adds a row.
// @ts-check

class LineTable extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', event => {
      const button = /** @type {HTMLElement} */ (event.target).closest('button');
      if (button?.classList.contains('add')) { event.preventDefault(); this.add(); }
      if (button?.classList.contains('remove')) { event.preventDefault(); this.remove_(button); }
    });
    this.addEventListener('keydown', event => this.key(event));
  }

  get places() {
    return [...this.querySelectorAll('tbody [name]')]
      .map(field => Number(field.getAttribute('name')?.split('.')[1]))
      .filter(Number.isInteger);
  }

  add() {
    const row = this.querySelector('template')?.content.firstElementChild?.cloneNode(true);
    if (!(row instanceof HTMLElement)) return;
    const next = String(Math.max(-1, ...this.places) + 1);
    for (const field of row.querySelectorAll('*')) {
      for (const { name, value } of [...field.attributes]) {
        if (value.includes('§')) field.setAttribute(name, value.replaceAll('§', next));
      }
    }
    this.querySelector('tbody')?.append(row);
    /** @type {HTMLElement} */ (row.querySelector('input:not([type=hidden]), select'))?.focus();
    this.dispatchEvent(new Event('rows', { bubbles: true }));
  }

  remove_(button) {
    const row = button.closest('tr');
    const near = row?.nextElementSibling ?? row?.previousElementSibling;
    row?.remove();
    /** @type {HTMLElement} */ (near?.querySelector('button.remove') ?? this.querySelector('button.add'))?.focus();
    this.dispatchEvent(new Event('rows', { bubbles: true }));
  }

  key(event) {
    const field = /** @type {HTMLElement} */ (event.target);
    if (event.key !== 'Enter' || !field.closest('tbody') || event.defaultPrevented) return;
    if (field.matches('textarea, button')) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) return this.add();
    const cell = field.closest('td');
    const row = cell?.parentElement;
    const at = [...row?.children ?? []].indexOf(/** @type {Element} */ (cell));
    const below = row?.nextElementSibling;
    if (!below) return this.add();
    /** @type {HTMLElement} */ (below.children[at]?.querySelector('input:not([type=hidden]), select'))?.focus();
  }
}
customElements.define('line-table', LineTable);
