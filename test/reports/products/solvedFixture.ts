import type { OutcomeCounts } from '../../../shared/outcomes.ts';
import { countVerdicts, meanScore } from '../../../shared/products/pool.ts';
import type { RefinedProblem } from '../../../shared/products/refinement.ts';
import type { RoundSummary, SearchEnd, SolvedProblem, VerdictCounts } from '../../../shared/products/search.ts';
import type { Problem } from '../../../shared/records.ts';
import type { Score } from '../../../shared/scores.ts';

const tex = String.raw;

interface Told {
  readonly id: string;
  readonly topic: string;
  readonly statement: string;
  readonly proof: string;
  readonly issue: string;
}

/** Invented problems with proofs as models write them. */
export const TOLD: readonly Told[] = [
  {
    id: 'odd-squares',
    topic: 'number theory',
    statement: tex`Prove that $8 \mid n^2 - 1$ for every odd integer $n$.`,
    proof: tex`**Proof.** Write \(n = 2k+1\). Then
\[
n^2 - 1 = 4k^2 + 4k = 4k(k+1). \tag{1}
\]
One of $k$, $k+1$ is even, so that \(2 \mid k(k+1)\), and (1) gives $8 \mid n^2-1$. $\blacksquare$`,
    issue: tex`The step from (1) is right. **Remark:** that $k(k+1)$ is even is used without a reason, which is minor.`,
  },
  {
    id: 'harmonic-sum',
    topic: 'analysis',
    statement: tex`Let $H_n=\sum_{k=1}^n \frac1k$. Show that $H_n$ is no integer for $n\ge2$.`,
    proof: tex`Let $2^a$ be the greatest power of two with $2^a\le n$, and $L=\operatorname{lcm}(1,\dots,n)=2^a m$, $m$ odd.

1. Each $\frac{L}{k}$ with $k \ne 2^a$ is even:
   $$v_2(L/k) = a - v_2(k) \ge 1.$$
2. $L/2^a = m$ is odd.

Hence $L\,H_n=\sum_{k\le n} L/k$ is odd, while $L$ is even, so that $H_n\notin\mathbb Z$.`,
    issue: tex`In step 1, \(v_2(k) < a\) for $k\ne 2^a$ has to be shown: $k = 3\cdot 2^a$ exceeds $n$ since $2^{a+1} > n$.`,
  },
  {
    id: 'am-gm-cyclic',
    topic: 'inequalities',
    statement: tex`For positive reals $a,b,c$ show \[ \frac{a}{b}+\frac{b}{c}+\frac{c}{a}\ge 3. \]`,
    proof: tex`\begin{proof}
By the inequality of arithmetic and geometric means,
\begin{align*}
\frac{a}{b}+\frac{b}{c}+\frac{c}{a}
  &\ge 3\sqrt[3]{\frac{a}{b}\cdot\frac{b}{c}\cdot\frac{c}{a}} \\
  &= 3.
\end{align*}
Equality holds iff $\frac ab=\frac bc=\frac ca$, i.e. $a=b=c$. \qed
\end{proof}`,
    issue: tex`Nothing is missing. The use of $\sqrt[3]{\cdot}$ is justified because all terms are positive.`,
  },
  {
    id: 'coins',
    topic: 'combinatorics',
    statement: tex`A shop sells pens at $5 and at $10. In how many ways can one spend exactly $100, i.e. solve $5x+10y=100$ with $x,y\ge0$?`,
    proof: tex`Dividing by 5, $x+2y=20$. For each $y\in\{0,1,\dots,10\}$ there is exactly one $x=20-2y\ge0$.
The answer is \boxed{11}.

| $y$ | 0 | 1 | … | 10 |
|-----|---|---|---|----|
| $x$ | 20 | 18 | … | 0 |`,
    issue: tex`Right, but $\foo$ is undefined in my notes: the count of $y$ needs $20-2y\ge0 \iff y\le10$.`,
  },
];

const counts = (answered: number, unparseable = 0): OutcomeCounts => ({
  answered,
  unparseable,
  truncated: 0,
  failed: 0,
});
const problemOf = ({ id, topic, statement }: Told): Problem => ({ id, topic, statement, source: 'invented' });
const verdictsOf = (...scores: readonly (Score | undefined)[]): VerdictCounts => countVerdicts(scores);
const spentOf = (calls: number, cost: number | null = calls / 400) => ({
  calls,
  usage: { promptTokens: calls * 900, completionTokens: calls * 350 },
  cost,
});

/** A problem that a search ended so: a draft, and a refinement of it that is the best. */
export function solved(told: Told, end: SearchEnd = 'passed'): SolvedProblem {
  const last = end === 'passed' ? verdictsOf(1, 1, 1, 1) : verdictsOf(1, 0.5, 0, undefined);
  const first = verdictsOf(1, 1, 0.5, 0);
  const rounds: RoundSummary[] = [
    { round: 0, written: counts(3, 1), judged: counts(11, 1), means: [0.625, 0.25, 0], best: 0.625, passed: 0 },
    {
      round: 1,
      written: counts(2),
      judged: counts(8),
      means: [meanScore(last) ?? 0, 0.5],
      best: meanScore(last),
      passed: end === 'passed' ? 1 : 0,
    },
  ];
  const draft = { id: `${told.id}-r0-2`, round: 0, mean: meanScore(first), verdicts: first };
  const best = { id: `${told.id}-r1-0`, round: 1, parent: draft.id, mean: meanScore(last), verdicts: last };
  const isEmpty = end === 'noProof';
  return {
    problem: problemOf(told),
    end,
    best: isEmpty
      ? null
      : {
          ...best,
          proof: told.proof,
          evidence: [
            ...(end === 'passed' ? [] : [{ score: 0.5, analysis: told.issue } as const]),
            { score: 1, analysis: 'Each step follows. The proof is complete and rigorous.' },
          ],
        },
    ancestry: isEmpty ? [] : [draft, best],
    rounds: isEmpty
      ? rounds.slice(0, 1).map((round) => ({ ...round, written: counts(0, 4), means: [], best: null }))
      : rounds,
    spent: spentOf(24),
  };
}

/** A problem of a sequential refinement: two threads, two iterations. */
export function refined(told: Told): RefinedProblem {
  const proof = { id: `${told.id}-i2-1`, proof: told.proof, verdicts: verdictsOf(1, 1, 0.5) };
  const none = { '0': 0, '0.5': 0, '1': 0, none: 0 };
  return {
    problem: problemOf(told),
    end: 'claimed',
    best: {
      ...proof,
      thread: 1,
      iteration: 2,
      selfScore: 1,
      selfAnalysis: tex`I have checked that $n\ge1$ is all that is used.`,
      evidence: [{ score: 0.5, analysis: told.issue }],
    },
    threads: [
      { steps: [{ iteration: 1, outcome: 'unparseable', proof: null, selfScore: null }] },
      {
        steps: [
          { iteration: 1, outcome: 'answered', proof: `${told.id}-i1-1`, selfScore: 0.5 },
          { iteration: 2, outcome: 'answered', proof: proof.id, selfScore: 1 },
        ],
      },
    ],
    proofs: [proof],
    iterations: [
      { iteration: 1, answers: counts(1, 1), held: { ...none, '0.5': 1, none: 1 } },
      { iteration: 2, answers: counts(1, 1), held: { ...none, '1': 1, none: 1 } },
    ],
    spent: spentOf(9, null),
  };
}
