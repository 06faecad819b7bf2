import type { ShownAnalysis } from '../../../shared/records.ts';
import type {
  DisputedQuestion,
  Frame,
  HomeView,
  LeadView,
  QuestionLine,
  QuestionView,
} from '../../../workers/annotation-desk/views.ts';

const tex = String.raw;

export const PROBLEM = {
  topic: 'number theory',
  statement: tex`Let $n \ge 2$ be an integer. Prove that
\[
  S_n = 1 + \frac12 + \frac13 + \dots + \frac1n
\]
is not an integer.`,
};

/** Forty lines, with displays, a list and a gap in line 26. */
export const PROOF = tex`Let $k$ be the largest integer with $2^k \le n$. Since $n \ge 2$, we have $k \ge 1$.

**Step 1: one term alone has the highest power of two.**
Among the integers $1, 2, \dots, n$, the only multiple of $2^k$ is $2^k$ itself: the next one is
$2 \cdot 2^k = 2^{k+1}$, and $2^{k+1} > n$ by the choice of $k$.
For an integer $m \ge 1$ write $v(m)$ for the exponent of $2$ in $m$. Then

1. $v(2^k) = k$;
2. $v(m) \le k - 1$ for every $m \le n$ with $m \ne 2^k$.

**Step 2: a common denominator.**
Let $L = \operatorname{lcm}(1, 2, \dots, n)$. By Step 1, $v(L) = k$, so $L = 2^k M$ with $M$ odd. We multiply the sum by
$2^{k-1} M$:
\[
  2^{k-1} M \, S_n
    = \sum_{m=1}^{n} \frac{2^{k-1} M}{m}
    = \frac{2^{k-1} M}{2^k} + \sum_{\substack{1 \le m \le n \\ m \ne 2^k}} \frac{2^{k-1} M}{m}.
\]
The first term is $\frac{M}{2}$, which is not an integer, because $M$ is odd.

**Step 3: every other term is an integer.**
Let $m \ne 2^k$ and write $m = 2^{v(m)} m'$ with $m'$ odd. Then
\[
  \frac{2^{k-1} M}{m} = 2^{k - 1 - v(m)} \cdot \frac{M}{m'} .
\]
By Step 1 the exponent $k - 1 - v(m)$ is not negative.
Clearly $m' \mid M$, so that the right-hand side is an integer.

**Step 4: conclusion.**
Suppose that $S_n$ is an integer. Then $2^{k-1} M \, S_n$ is one, too, and so is
\[
  \frac{M}{2} = 2^{k-1} M \, S_n - \sum_{m \ne 2^k} \frac{2^{k-1} M}{m},
\]
a difference of integers. This contradicts that $M$ is odd. Hence $S_n$ is not an integer. $\blacksquare$

*Remark.* The same argument with an odd prime $p$ with $p \le n < 2p$, which exists by Bertrand's postulate, shows
that $S_n \notin \mathbb{Z}$ without any reference to powers of two: of the terms $\frac1m$, only $\frac1p$ has a
denominator divisible by $p$.`;

export const ANALYSIS = tex`Here is my evaluation of the solution:

The solution multiplies the sum by $2^{k-1} M$ and looks at what remains. The idea is sound.

1. **Step 1** says that $2^k$ is the only multiple of $2^k$ up to $n$. It gives a reason, but this is wrong for $n = 2$,
   where $2^{k+1} = 4$ could be one of the integers.
2. **Step 3** claims $m' \mid M$ with the word "clearly". This needs that $m$ divides $L = 2^k M$ and that $m'$ is odd,
   neither of which is said:
   \[
     m' \mid 2^k M, \quad \gcd(m', 2) = 1 \implies m' \mid M .
   \]
3. The remark needs $n \ge 2$ for Bertrand's postulate, and does not say so.

Overall, the proof is right, with a small omission.

Based on my evaluation, the final overall score should be:
\boxed{0.5}`;

export const ANALYSES: readonly ShownAnalysis[] = [
  { analysis: ANALYSIS, score: 0.5, assessed: 8, confirmed: 5 },
  {
    analysis: tex`Here is my evaluation of the solution:

**Issue 1.** It is nowhere shown that $k \ge 1$, so $2^{k-1}$ may not be an integer.

**Issue 2.** $M$ is called odd before $L$ is known to be $2^k M$.

Based on my evaluation, the final overall score should be:
\boxed{0}`,
    score: 0,
    assessed: 8,
    confirmed: 1,
  },
];

export const PERSON = { id: 'ada', isLead: false, isPaused: false };
export const FRAME: Frame = { person: PERSON, csrf: 'a-token-of-the-form' };
export const LEAD: Frame = { person: { id: 'emmy', isLead: true, isPaused: false }, csrf: 'a-token-of-the-form' };

export const QUESTION: QuestionView = {
  workflowId: 'review/main/lap-0001/cold-start/experts/p17-3',
  kind: 'scoreProof',
  deadline: '2026-12-03T12:00:00.000Z',
  isLate: false,
  isCarried: false,
  mine: 'claimed',
  leaseUntil: '2026-11-28T14:30:00.000Z',
  problem: PROBLEM,
  proof: PROOF,
  flags: [],
  nonce: 'n-1',
};

export const line = (question: Partial<QuestionLine>): QuestionLine => ({
  workflowId: 'review/main/lap-0001/cold-start/experts/p17-3',
  kind: 'scoreProof',
  topic: 'number theory',
  openedAt: '2026-11-26T12:00:00.000Z',
  deadline: '2026-12-03T12:00:00.000Z',
  isLate: false,
  mine: 'none',
  ...question,
});

export const HOME: HomeView = {
  mine: [
    line({ mine: 'claimed', leaseUntil: '2026-11-28T14:30:00.000Z' }),
    line({ mine: 'scoredOnce', topic: 'geometry', kind: 'scoreContestedProof' }),
  ],
  waiting: 27,
  next: [line({ topic: 'combinatorics' }), line({ topic: 'algebra', isLate: true }), line({ kind: 'scoreAnalysis' })],
  said: [line({ mine: 'answered' }), line({ mine: 'flagged', topic: 'inequalities' })],
};

export const SEATS: NonNullable<QuestionView['seats']> = [
  {
    seat: 1,
    state: 'answered',
    annotator: 'ada',
    score: 1,
    comment: 'Every step is there. That m′ divides M is said without a proof, but it is immediate.',
    lines: [27],
  },
  {
    seat: 2,
    state: 'answered',
    annotator: 'carl',
    score: 0.5,
    firstScore: 1,
    comment: 'Line 27 is the heart of Step 3, and it is asserted, not proved.',
    uncertain: true,
    lines: [26, 27],
    analyses: [
      { analysis: 0, real: [false, true, false], score: 0.5 },
      { analysis: 1, real: [false, false], score: 0.5, override: 'The second is a fair remark on the order.' },
    ],
  },
];

export const FLAG = { annotator: 'kurt', reason: 'The statement says n ≥ 2, the proof of record says n ≥ 1.' };

export const DISPUTE: DisputedQuestion = {
  workflowId: QUESTION.workflowId,
  kind: 'scoreProof',
  openedAt: '2026-11-26T12:00:00.000Z',
  seats: SEATS,
  flags: [],
};

export const LEADS: LeadView = {
  disagreements: [DISPUTE],
  flagged: [
    {
      workflowId: 'review/main/lap-0001/label/contested/p40-11',
      kind: 'scoreContestedProof',
      openedAt: '2026-11-27T08:00:00.000Z',
      seats: [
        { seat: 1, state: 'claimed', annotator: 'ada', leaseUntil: '2026-11-28T14:30:00.000Z' },
        { seat: 2, state: 'free' },
      ],
      flags: [FLAG],
    },
  ],
  people: [
    {
      id: 'ada',
      isLead: false,
      isPaused: false,
      isRevoked: false,
      since: '2026-11-20T09:00:00.000Z',
      claimed: 1,
      answered: 12,
    },
    {
      id: 'carl',
      isLead: false,
      isPaused: true,
      isRevoked: false,
      since: '2026-11-20T09:00:00.000Z',
      claimed: 0,
      answered: 9,
    },
    {
      id: 'emmy',
      isLead: true,
      isPaused: false,
      isRevoked: false,
      since: '2026-11-19T09:00:00.000Z',
      claimed: 0,
      answered: 0,
    },
  ],
};
