import { errorPage } from '../../../workers/annotation-desk/pages/errorPage.ts';
import { homePage } from '../../../workers/annotation-desk/pages/homePage.ts';
import { leadPage } from '../../../workers/annotation-desk/pages/leadPage.ts';
import { questionPage } from '../../../workers/annotation-desk/pages/questionPage.ts';
import { QUESTION_KINDS } from '../../../shared/review/reviews.ts';
import type { Mine, QuestionView } from '../../../workers/annotation-desk/views.ts';
import { HOSTILE } from './hostile.ts';
import { ANALYSES, ANALYSIS, DISPUTE, FLAG, line, FRAME, HOME, LEAD, LEADS, QUESTION, SEATS } from './views.ts';

const markupOf = (view: Partial<QuestionView>, frame = FRAME) => questionPage(frame, { ...QUESTION, ...view }).markup;

/** Elements that the pages have of their own; of these, those whose attributes could be turned. */
const OWN_SCRIPT = /<script src="\/assets\/(?:drafts|issues|desk)\.js\?v=[0-9a-f]{12}" defer><\/script>/g;

/** What of a page a browser would run, load or follow that is not the desk's own. */
function live(page: string): string[] {
  const rest = page.replaceAll(OWN_SCRIPT, '');
  const tags = rest.match(/<[a-zA-Z][^>]*>/g) ?? [];
  return [
    ...tags.filter((tag) => /^<(?:script|iframe|object|embed|base|style|img|video|audio|template)/i.test(tag)),
    ...tags.filter((tag) => /\s(?:on\w+|srcdoc|formaction|xlink:href)\s*=/i.test(tag.replaceAll(/"[^"]*"/g, '""'))),
    ...tags.filter((tag) => /(?:href|src|action)="(?!\/|#|data:,")/i.test(tag)),
    ...tags.filter((tag) => /style="[^"]*(?:url\(|position:\s*fixed|expression)/i.test(tag)),
  ];
}

describe('the pages of the desk', () => {
  test('have nothing of their own that a policy would forbid', () => {
    for (const page of [
      markupOf({}),
      markupOf({ mine: 'scoredOnce', analyses: ANALYSES }),
      homePage(FRAME, HOME).markup,
      leadPage(LEAD, LEADS).markup,
    ]) {
      expect(live(page)).toEqual([]);
      expect(page).not.toMatch(/<style/);
    }
  });

  test('quote each hostile text, wherever it stands, and make nothing of it', () => {
    expect(HOSTILE.length).toBeGreaterThanOrEqual(60);
    for (const text of HOSTILE) {
      const frame = {
        person: { id: text, isLead: true, isPaused: false },
        csrf: text,
        said: { kind: 'refused' as const, text },
      };
      const seats = SEATS.map((seat) => ({ ...seat, annotator: text, comment: text }));
      const hostile: QuestionView = {
        ...QUESTION,
        problem: { statement: text, topic: text },
        proof: `Line one\n\n${text}\n\nline four`,
        flags: [{ annotator: text, reason: text }],
        nonce: text,
        typed: { comment: text, lines: text, score: text, 'override-0': text, reason: text },
      };
      const asAnalysis = `1. ${text}\n2. ${text}`;
      const flags = [{ annotator: text, reason: text }];
      const analyses = [{ analysis: asAnalysis, score: 1 as const, assessed: 1, confirmed: 1 }];
      for (const page of [
        questionPage(frame, hostile),
        questionPage(frame, { ...hostile, mine: 'scoredOnce', given: { score: 1, comment: text }, analyses }),
        questionPage(frame, { ...hostile, kind: 'scoreAnalysis', analysis: asAnalysis }),
        questionPage(frame, { ...hostile, workflowId: text, seats }),
        questionPage(frame, { ...hostile, mine: 'none', closed: text }),
        leadPage(frame, { ...LEADS, disagreements: [{ ...DISPUTE, workflowId: text, seats, flags }] }),
        homePage(frame, { ...HOME, mine: [line({ topic: text, workflowId: text })] }),
        errorPage(frame, { status: 404, text }),
      ].map(({ markup }) => markup))
        expect({ text, live: live(page) }).toEqual({ text, live: [] });
    }
  });

  test('say nothing of where a question comes from, and nothing that another or a model said', () => {
    const origin = 'cold-start|contested|audit|reward|gold|lap-0001|experts|verifier|generator';
    for (const kind of QUESTION_KINDS.filter((each) => each !== 'scoreAnalysis'))
      for (const mine of ['none', 'claimed', 'answered', 'flagged'] satisfies Mine[]) {
        const page = markupOf({ kind, mine, analysis: ANALYSIS });
        // The address of its forms is the question's.
        const shown = page.replaceAll(/(?:action|href)="[^"]*"/g, '');
        expect(shown).not.toMatch(new RegExp(origin, 'i'));
        expect(shown).not.toContain('neither of which is said');
        expect(page).toBe(markupOf({ kind: 'scoreProof', mine }));
      }
    expect(markupOf({ flags: [FLAG] })).not.toContain(FLAG.annotator);
    expect(markupOf({ flags: [FLAG], seats: SEATS }, LEAD)).toContain(FLAG.annotator);
  });

  test('show analyses, and what these say of themselves, only where the view has them', () => {
    expect(markupOf({ mine: 'scoredOnce', analyses: ANALYSES })).toMatch(/Gives ½; 5 of 8 assessments confirm it/);
    expect(markupOf({ mine: 'claimed' })).not.toMatch(/assessments/);
  });

  test('number the lines of the proof as they are in its source', () => {
    const page = markupOf({ proof: 'One.\n\nThree $x$.\nFour.' });
    for (const line of [1, 3, 4]) expect(page).toContain(`id="L${line}" data-line="${line}"`);
  });

  test.each<[Mine, readonly string[]]>([
    ['none', ['claim']],
    ['claimed', ['verdict', 'give-back', 'give-back', 'flag']],
    ['scoredOnce', ['verdict', 'withdraw', 'flag']],
    ['answered', ['withdraw']],
    ['flagged', ['withdraw']],
  ])('offer to who stands to a question as %s what can be done', (mine, actions) => {
    const sent = [...markupOf({ mine }).matchAll(/action="\/questions\/[^/"]+\/([\w-]+)"/g)].map(
      ([, action]) => action,
    );
    expect(sent).toEqual(actions);
  });

  test('give each form the token of the session, and the id of the page', () => {
    const page = markupOf({});
    const forms = page.match(/<form[^]*?<\/form>/g) ?? [];
    expect(forms.length).toBeGreaterThan(3);
    for (const form of forms) expect(form).toContain('name="_csrf" value="a-token-of-the-form"');
    for (const form of forms.filter((one) => one.includes('/questions/')))
      expect(form).toContain('name="nonce" value="n-1"');
  });

  test('keep what was typed into a form that was refused', () => {
    const page = markupOf({ typed: { comment: 'A gap & more', score: '0.5', uncertain: 'yes', lines: '3' } });
    expect(page).toContain('A gap &amp; more</textarea');
    expect(page).toMatch(/value="0.5"[^>]*checked/);
    expect(page).toMatch(/name="uncertain"[^>]*checked/);
    expect(page).toMatch(/name="lines"\s+value="3"/);
  });

  test('say what was done as a status, and what was refused as an alert', () => {
    expect(markupOf({}, { ...FRAME, said: { kind: 'done', text: 'Recorded.' } })).toMatch(
      /role="status"[^>]*>\s*Recorded\./,
    );
    expect(markupOf({}, { ...FRAME, said: { kind: 'refused', text: 'No.' } })).toMatch(/role="alert"[^>]*>\s*No\./);
  });

  test('show the pages of a lead to a lead alone', () => {
    expect(homePage(FRAME, HOME).markup).not.toContain('href="/lead"');
    expect(homePage(LEAD, HOME).markup).toContain('href="/lead"');
  });
});
