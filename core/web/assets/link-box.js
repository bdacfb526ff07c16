// A link as a box: one types a part of a name and takes one of what is found, or makes a new one.
// Without this script the name is looked up when the form is sent.
// @ts-check

class LinkBox extends HTMLElement {
  connectedCallback() {
    this.hold = /** @type {HTMLInputElement} */ (this.querySelector('input[type=hidden]'));
    this.input = /** @type {HTMLInputElement} */ (this.querySelector('input[type=text]'));
    this.list = /** @type {HTMLElement} */ (this.querySelector('ul'));
    if (!this.input || this.ready) return;
    this.ready = true;
    this.was = this.input.value;
    this.input.addEventListener('input', () => { clearTimeout(this.pause); this.pause = setTimeout(() => this.look(), 120); });
    this.input.addEventListener('focus', () => this.input.select());
    this.input.addEventListener('click', () => { if (this.list.hidden) this.look(''); });
    this.input.addEventListener('keydown', event => this.key(event));
    this.input.addEventListener('blur', () => setTimeout(() => this.leave(), 150));
    this.list.addEventListener('mousedown', event => event.preventDefault());
  }

  async look(words = this.input.value.trim()) {
    const turn = this.turn = (this.turn ?? 0) + 1;
    const { model, title } = this.dataset;
    const query = new URLSearchParams({ limit: '9', fields: title ?? '' });
    if (words && 'searches' in this.dataset) query.set('search', words);
    else if (words) query.set('filter', `contains(lower(${title}), ${JSON.stringify(words.toLowerCase())})`);
    const answer = await fetch(`/api/${model}?${query}`, { headers: { accept: 'application/json' } });
    if (turn !== this.turn || !answer.ok) return;
    const found = (await answer.json()).items;
    this.show(found.map(rec => ({ id: rec.id, name: this.name(rec) })), words);
  }

  /** A title that is a link itself has its name beside it. */
  name(rec) {
    const title = this.dataset.title ?? '';
    return rec._titles?.[title] ?? rec[title] ?? '#' + rec.id;
  }

  show(items, words) {
    this.list.replaceChildren(...items.map(item => this.option(item.name, () => this.take(item.id, item.name))));
    const same = items.some(item => item.name.toLowerCase() === words.toLowerCase());
    if (words && !same && 'creates' in this.dataset) {
      const make = this.option((document.getElementById('live')?.dataset.create ?? '§').replace('§', words), () => this.make(words));
      make.classList.add('make');
      this.list.append(make);
    }
    if (!this.list.children.length) this.list.append(Object.assign(document.createElement('li'), { className: 'soft', textContent: document.getElementById('palette-list')?.dataset.none ?? '' }));
    this.open(true);
    this.mark(this.list.querySelector('[role=option]'));
  }

  option(text, run) {
    const line = document.createElement('li');
    line.setAttribute('role', 'option');
    line.id = `${this.list.id}-${this.list.children.length}-${Math.random().toString(36).slice(2, 7)}`;
    line.textContent = text;
    line.addEventListener('click', run);
    return line;
  }

  open(is) {
    this.list.hidden = !is;
    this.input.setAttribute('aria-expanded', String(is));
    if (!is) this.input.removeAttribute('aria-activedescendant');
    if (is && this.closest('.lines')) {
      // In a table that scrolls the list stands above it.
      const { left, bottom, top } = this.input.getBoundingClientRect();
      const below = innerHeight - bottom > this.list.offsetHeight + 8;
      this.list.style.left = Math.min(left, innerWidth - this.list.offsetWidth - 8) + 'px';
      this.list.style.top = (below ? bottom + 2 : top - this.list.offsetHeight - 2) + 'px';
      addEventListener('scroll', () => this.open(false), { capture: true, once: true });
    }
  }

  mark(one) {
    this.list.querySelectorAll('[aria-selected=true]').forEach(old => old.setAttribute('aria-selected', 'false'));
    one?.setAttribute('aria-selected', 'true');
    one?.scrollIntoView({ block: 'nearest' });
    if (one) this.input.setAttribute('aria-activedescendant', one.id);
  }

  key(event) {
    const all = [...this.list.querySelectorAll('[role=option]')];
    const now = all.findIndex(one => one.getAttribute('aria-selected') === 'true');
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (this.list.hidden) return this.look('');
      this.mark(all[(now + (event.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length]);
    } else if (event.key === 'Enter' && !this.list.hidden) {
      event.preventDefault();
      /** @type {HTMLElement} */ (all[now])?.click();
    } else if (event.key === 'Escape' && !this.list.hidden) {
      event.stopPropagation();
      this.input.value = this.was;
      this.open(false);
    } else if (event.key === 'Tab' && !this.list.hidden && this.input.value.trim() && this.input.value !== this.was && all[now]) {
      /** @type {HTMLElement} */ (all[now]).click();
    }
  }

  take(id, name) {
    this.hold.value = id;
    this.input.value = this.was = name;
    this.querySelector('.go')?.remove();
    this.open(false);
    if ('any' in this.dataset) return /** @type {HTMLFormElement} */ (this.closest('form')).requestSubmit();
    this.hold.dispatchEvent(new Event('change', { bubbles: true }));
  }

  /** An emptied box is no link; a name that was not taken is what was there before. */
  leave() {
    this.open(false);
    if (!this.input.value.trim()) {
      if (this.hold.value && !('any' in this.dataset)) {
        this.hold.value = '';
        this.was = '';
        this.hold.dispatchEvent(new Event('change', { bubbles: true }));
      }
    } else if (this.input.value !== this.was) this.input.value = this.was;
  }

  /** A new record with this name, where a name is enough; else its own form beside this one. */
  async make(name) {
    const { model, title } = this.dataset;
    this.open(false);
    const answer = await fetch('/api/' + model, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ [title ?? 'name']: name }) });
    if (answer.ok) return this.take((await answer.json()).id, name);
    window.open(`/${model}/new?${new URLSearchParams({ [title ?? 'name']: name })}`, '_blank', 'noopener');
  }
}
customElements.define('link-box', LinkBox);
