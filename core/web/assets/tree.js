// Trees: branches fold and unfold by a click or by the arrow keys; one twig at a time can be reached
// by Tab. What somebody has folded stays so when the tree is read anew.
// @ts-check
class TreeView extends HTMLElement {
  connectedCallback() {
    this.folded = new Set();
    this.addEventListener('click', event => {
      const item = event.target.closest?.('[role=treeitem]');
      if (!item) return;
      this.stand(item, false);
      if (event.target.closest('.fold')) this.fold(item, this.isOpen(item));
    });
    this.addEventListener('keydown', event => this.key(event));
    this.addEventListener('focusin', event => { if (event.target.matches?.('[role=treeitem]')) this.stand(event.target, false); });
    document.querySelector('[data-unfold]')?.addEventListener('click', () => this.all(false));
    document.querySelector('[data-fold]')?.addEventListener('click', () => this.all(true));
    new MutationObserver(() => this.items.filter(item => this.folded.has(item.dataset.id)).forEach(item => this.fold(item, true))).observe(this, { childList: true });
  }

  get items() { return [...this.querySelectorAll('[role=treeitem]')]; }
  /** Those that are to be seen. */
  get seen() { return this.items.filter(item => item.checkVisibility()); }

  /** The first of those below, if they were read. */
  below(item) { return item.nextElementSibling?.querySelector('[role=treeitem]') ?? null; }
  isOpen(item) { return item.getAttribute('aria-expanded') === 'true'; }

  fold(item, shut) {
    if (!item.hasAttribute('aria-expanded')) return;
    // What was not read yet is a page of its own.
    if (!shut && !this.below(item)) { item.querySelector('.count')?.click(); return; }
    item.setAttribute('aria-expanded', String(!shut));
    const mark = item.querySelector('.fold');
    if (mark) mark.textContent = shut ? '▸' : '▾';
    if (shut) this.folded.add(item.dataset.id); else this.folded.delete(item.dataset.id);
  }

  all(shut) {
    for (const item of this.items) if (this.below(item)) this.fold(item, shut);
    const first = this.items[0];
    if (first) this.stand(first, false);
  }

  stand(item, focus = true) {
    for (const other of this.querySelectorAll('[role=treeitem][tabindex="0"]')) other.tabIndex = -1;
    item.tabIndex = 0;
    if (focus) item.focus();
  }

  key(event) {
    const item = event.target;
    if (!item.matches?.('[role=treeitem]') || event.ctrlKey || event.metaKey || event.altKey) return;
    const seen = this.seen, at = seen.indexOf(item);
    const to = {
      ArrowDown: () => seen[at + 1],
      ArrowUp: () => seen[at - 1],
      Home: () => seen[0],
      End: () => seen[seen.length - 1],
      ArrowRight: () => {
        if (!item.hasAttribute('aria-expanded')) return null;
        if (this.isOpen(item)) return this.below(item);
        this.fold(item, false);
        return null;
      },
      ArrowLeft: () => {
        if (this.isOpen(item)) { this.fold(item, true); return null; }
        return item.closest('[role=group]')?.previousElementSibling;
      },
      Enter: () => { (item.matches('a') ? item : item.querySelector('a'))?.click(); return null; },
    }[event.key];
    if (!to) return;
    event.preventDefault();
    const next = to();
    if (next) this.stand(next);
  }
}
customElements.define('tree-view', TreeView);
