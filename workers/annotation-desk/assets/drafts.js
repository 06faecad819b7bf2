'use strict';
// Drafts: of a person and a question, in this browser alone; gone with what was sent, and with signing out.
(() => {
  document.documentElement.classList.add('js');
  const person = document.body.dataset.person ?? '';
  const ours = `desk-draft ${person} `;
  const SENT = `desk-sent ${person}`;
  const WEEKS_MS = 30 * 24 * 3600 * 1000;
  const stored = (does) => {
    try {
      return does(localStorage);
    } catch {
      return undefined; // the browser keeps nothing: then there are no drafts
    }
  };
  const keysOf = (storage) => Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '');
  const draftOf = (drafted) => `${ours}${new URL(drafted.action).pathname.split('/')[2]} ${drafted.dataset.draft}`;
  const fieldsOf = (drafted) =>
    [...drafted.elements].filter(({ name, type }) => name && type !== 'hidden' && type !== 'submit');

  function save(drafted) {
    const fields = {};
    for (const field of fieldsOf(drafted)) {
      if (field.type === 'radio' || field.type === 'checkbox') {
        if (field.checked) fields[field.name] = field.value;
      } else if (field.value !== '') fields[field.name] = field.value;
    }
    stored((storage) => storage.setItem(draftOf(drafted), JSON.stringify({ at: Date.now(), fields })));
  }

  function restore(drafted) {
    const text = stored((storage) => storage.getItem(draftOf(drafted)));
    if (!text) return;
    let fields = {};
    try {
      fields = JSON.parse(text).fields ?? {};
    } catch {
      return;
    }
    for (const field of fieldsOf(drafted)) {
      const value = fields[field.name];
      if (value === undefined) continue;
      if (field.type === 'radio' || field.type === 'checkbox') field.checked = field.value === value;
      else if (field.value === '') field.value = value;
      const folded = field.closest('details');
      if (folded) folded.open = true;
    }
  }

  function forget() {
    const said = document.querySelector('[data-said]')?.dataset.said;
    stored((storage) => {
      const sent = storage.getItem(SENT);
      storage.removeItem(SENT);
      if (sent && said === 'done') storage.removeItem(sent);
      for (const key of keysOf(storage).filter((name) => name.startsWith('desk-draft '))) {
        const { at = 0 } = JSON.parse(storage.getItem(key) ?? '{}');
        if (Date.now() - at > WEEKS_MS) storage.removeItem(key);
      }
    });
  }

  const all = (selector) => [...document.querySelectorAll(selector)];
  forget();
  for (const drafted of all('form[data-draft]')) {
    restore(drafted);
    drafted.addEventListener('input', () => save(drafted));
    drafted.addEventListener('submit', () => stored((storage) => storage.setItem(SENT, draftOf(drafted))));
  }
  for (const leaving of all('form[data-signs-out]'))
    leaving.addEventListener('submit', () =>
      stored((storage) => {
        for (const key of keysOf(storage)) if (/^desk-(?:draft|sent) /.test(key)) storage.removeItem(key);
      }),
    );
})();
