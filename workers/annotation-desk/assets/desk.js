'use strict';
// What makes the desk quicker for those whose browser runs programs: keys and pointing at lines. Everything that is sent
// is sent by forms that work without it.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const form = byId('verdict');

  const stored = (does) => {
    try {
      return does(localStorage);
    } catch {
      return undefined; // the browser keeps nothing: then keys are on
    }
  };

  /** Tells those who do not see the page what a key did. */
  const tell = (text) => {
    byId('heard').textContent = text;
  };

  // Lines of the proof: pointed at by a click or a key, and by what is typed into the field.
  const field = byId('lines');
  const lines = field ? all('.line.numbered', byId('lines-of-proof') ?? undefined) : [];
  let current = -1;
  const numberOf = (line) => Number(line.dataset.line);

  function pointed() {
    const numbers = new Set();
    for (const part of field.value.split(/[,;]/)) {
      const [, from, to = from] = /^\s*(?:lines?\s*)?(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?\s*$/i.exec(part) ?? [];
      for (let line = Number(from); line <= Number(to) && numbers.size < 200; line += 1) numbers.add(line);
    }
    return numbers;
  }

  function point(number) {
    const numbers = pointed();
    const isAdded = !numbers.delete(number);
    if (isAdded) numbers.add(number);
    field.value = [...numbers].sort((one, other) => one - other).join(', ');
    field.dispatchEvent(new Event('input', { bubbles: true }));
    tell(isAdded ? `Line ${number} pointed at` : `Line ${number} no longer pointed at`);
  }

  function showPointed() {
    const numbers = pointed();
    for (const line of lines) line.classList.toggle('pointed', numbers.has(numberOf(line)));
    byId('chips').replaceChildren(
      ...[...numbers].map((number) => {
        const chip = document.createElement('span');
        chip.className = 'chip';
        const link = document.createElement('a');
        link.href = `#L${number}`;
        link.textContent = `line ${number}`;
        const button = document.createElement('button');
        button.type = 'button';
        button.textContent = '×';
        button.setAttribute('aria-label', `Do not point at line ${number}`);
        button.addEventListener('click', () => point(number));
        chip.append(link, button);
        return chip;
      }),
    );
  }

  function move(by) {
    if (lines.length === 0) return;
    const from = lines.indexOf(document.activeElement);
    if (from >= 0) current = from;
    current = current < 0 ? firstInView() : Math.min(lines.length - 1, Math.max(0, current + by));
    lines[current].focus({ preventScroll: true });
    lines[current].scrollIntoView({ block: 'nearest' });
  }
  const firstInView = () =>
    Math.max(
      0,
      lines.findIndex((line) => line.getBoundingClientRect().top >= 0),
    );

  if (field) {
    for (const line of lines) {
      line.tabIndex = -1;
      line.addEventListener('click', () => {
        if (String(getSelection()) !== '') return; // somebody copies
        current = lines.indexOf(line);
        point(numberOf(line));
      });
    }
    field.addEventListener('input', showPointed);
    showPointed();
  }

  // Keys: printed where they work; dead while somebody types, and with a modifier.
  const OFF = 'desk-keys-off';
  const switcher = byId('keys');
  let areOn = stored((storage) => storage.getItem(OFF)) !== 'yes';
  const showKeys = () => {
    switcher?.setAttribute('aria-pressed', String(areOn));
    root.classList.toggle('keysOff', !areOn);
  };
  switcher?.addEventListener('click', () => {
    areOn = !areOn;
    stored((storage) => (areOn ? storage.removeItem(OFF) : storage.setItem(OFF, 'yes')));
    showKeys();
  });
  showKeys();

  const types = ({ tagName, type, isContentEditable }) =>
    isContentEditable ||
    tagName === 'TEXTAREA' ||
    tagName === 'SELECT' ||
    (tagName === 'INPUT' && !['radio', 'checkbox', 'button', 'submit'].includes(type));

  function nextIssue() {
    const issues = all('.issue');
    if (issues.length === 0) return;
    const at = issues.findIndex((issue) => issue.contains(document.activeElement));
    const issue = issues[(at + 1) % issues.length];
    (issue.querySelector(':checked') ?? issue.querySelector('input')).focus();
    issue.scrollIntoView({ block: 'nearest' });
  }

  /** Does what a key stands for; whether it stands for anything here. */
  function press(key, target) {
    const here = target.closest?.('.issue')?.querySelector(`[data-key-here="${key}"]`);
    if (here) {
      here.click();
      here.focus();
      return true;
    }
    if (key === 'j' || key === 'k' || key === ']' || key === '[') {
      move(key === 'j' || key === ']' ? 1 : -1);
      return lines.length > 0;
    }
    if (key === 'x') {
      if (current < 0) return false;
      point(numberOf(lines[current]));
      return true;
    }
    if (key === 'i') {
      nextIssue();
      return true;
    }
    const [found] = all('[data-key]').filter((one) => one.dataset.key === key);
    if (!found) return false;
    if (found.tagName === 'DETAILS') {
      found.open = true;
      found.querySelector('textarea')?.focus();
    } else if (found.tagName === 'TEXTAREA') found.focus();
    else found.click();
    return true;
  }

  document.addEventListener('keydown', (event) => {
    const { key, target, ctrlKey, metaKey, altKey, repeat, isComposing } = event;
    if (isComposing) return;
    if ((ctrlKey || metaKey) && !altKey && key === 'Enter') {
      const sends = target.form ?? form;
      if (!sends || repeat) return;
      event.preventDefault();
      sends.requestSubmit();
      return;
    }
    if (key === 'Escape' && types(target)) target.blur();
    if (!areOn || ctrlKey || metaKey || altKey || types(target)) return;
    if (repeat && !['j', 'k', '[', ']'].includes(key)) return;
    if (/^[a-z0-9[\]]$/.test(key) && press(key, target)) event.preventDefault();
  });

  // Formulas that are wider than their place are reached by the keyboard, too.
  const scrollers = all('.formula');
  const reach = () => {
    for (const one of scrollers) {
      if (one.scrollWidth > one.clientWidth) one.tabIndex = 0;
      else one.removeAttribute('tabindex');
    }
  };
  void document.fonts.ready.then(reach);
  addEventListener('resize', reach);
  document.addEventListener('toggle', reach, true);

  // Moments in the time of the reader's place.
  for (const time of all('time[datetime]')) {
    const at = new Date(time.dateTime);
    time.title = time.textContent;
    time.textContent = at.toLocaleString(undefined, {
      day: 'numeric',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
    });
  }
})();
