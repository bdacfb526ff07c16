// The bell: how many notices are unread, asked once a page and again when an activity changes.
// @ts-check
const count = /** @type {HTMLElement|null} */ (document.querySelector('[data-bell]'));

async function ask() {
  if (!count) return;
  const answer = await fetch('/api/notifications', { headers: { accept: 'application/json' } });
  if (!answer.ok) return;
  const { unread } = await answer.json();
  count.hidden = !unread;
  count.textContent = unread > 99 ? '99+' : String(unread);
  count.setAttribute('aria-label', `${count.textContent} ${count.dataset.unread ?? ''}`);
}
let pause = 0;
addEventListener('fondaco-notices', () => { clearTimeout(pause); pause = setTimeout(ask, 400); });
if (count) ask();
