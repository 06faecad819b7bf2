'use strict';
// Analyses: the quality that follows from which issues are real, at once.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const SHOWN = { 0: '0', 0.5: '½', 1: '1' };
  const quality = (real) => (real.length === 0 ? undefined : real.every(Boolean) ? 1 : real.some(Boolean) ? 0.5 : 0);

  for (const card of all('[data-analysis]')) {
    const issues = all('.issue', card);
    const isOnly = document.querySelector('[name="isQuality"]') !== null;
    const choices = isOnly ? all('input[name="score"]') : all(`input[name="quality-${card.dataset.analysis}"]`, card);
    const override = card.querySelector('.override');
    const reason = override?.querySelector('input');
    let followed; // what was last chosen because it follows
    const look = (event) => {
      const marks = issues.map((issue) => issue.querySelector(':checked')?.value);
      const missing = marks.filter((mark) => mark === undefined).length;
      const real = marks.filter((mark) => mark === 'real').length;
      const follows = missing === 0 ? quality(marks.map((mark) => mark === 'real')) : undefined;
      const chosen = choices.find(({ checked }) => checked);
      if (!event && chosen !== undefined && Number(chosen.value) === follows) followed = follows;
      const isOwn = chosen !== undefined && Number(chosen.value) !== followed;
      if (follows !== undefined && !choices.includes(event?.target) && !isOwn) {
        for (const choice of choices) choice.checked = Number(choice.value) === follows;
        followed = follows;
      }
      const now = choices.find(({ checked }) => checked);
      const isOther = follows !== undefined && now !== undefined && Number(now.value) !== follows;
      const count = `${real} of ${issues.length} real`;
      card.querySelector('.follows').textContent =
        follows !== undefined
          ? `${count}: quality ${SHOWN[follows]} follows.`
          : missing < issues.length
            ? `${issues.length - missing} of ${issues.length} marked.`
            : '';
      override?.classList.toggle('wanted', isOther);
      if (reason) reason.required = isOther;
    };
    card.addEventListener('change', look);
    for (const choice of choices) if (!card.contains(choice)) choice.addEventListener('change', look);
    look();
  }
})();
