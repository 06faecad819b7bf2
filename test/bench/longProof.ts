const tex = String.raw;

/** Formulas as proofs have them, each with places for two numbers. Two of three stand in lines. */
const INLINE = [
  tex`$a_{#1} \le b_{#2}$`,
  tex`$f(x_{#1}) = #2$`,
  tex`$n \equiv #1 \pmod{#2}$`,
  tex`\(S_{#1} \subseteq \{1, 2, \dots, #2\}\)`,
  tex`$\gcd(m_{#1}, n) = 1$`,
  tex`$\alpha^{#1} + \beta^{#2} > 0$`,
  tex`\(\angle A_{#1}BC = #2^\circ\)`,
  tex`$p_{#1} \mid q^{#2} - 1$`,
  tex`$\frac{#1}{n + #2}$`,
  tex`$\lfloor \sqrt{x_{#1}} \rfloor$`,
  tex`$\varepsilon_{#1} < \frac{1}{#2}$`,
  tex`$u_{#1} \in \mathbb{Z}$`,
];
const DISPLAY = [
  tex`\[ \sum_{k=#1}^{n} \frac{x_k^{#2}}{k(k+1)} \le \int_0^1 \frac{t^{#2}}{1 + t}\,dt < \frac{1}{#1}. \]`,
  tex`$$ P_{#1}(x) = \prod_{i=1}^{#2} (x - r_i) = x^{#2} - e_1 x^{#2 - 1} + \dots + (-1)^{#2} e_{#2}, $$`,
  tex`\begin{align} A_{#1} &= \binom{n}{#2} + \binom{n}{#2 + 1} \\ &= \binom{n+1}{#2+1}. \end{align}`,
  tex`\[ \left| \frac{f(z_{#1}) - f(w)}{z_{#1} - w} - f'(w) \right| < \frac{\varepsilon}{#2} \]`,
  tex`\[ g_{#1}(n) = \begin{cases} n/2 & \text{if } n \text{ is even}, \\ 3n + #2 & \text{otherwise}. \end{cases} \]`,
];
const WORDS =
  'Since the sequence is bounded and increasing we may pass to the limit and compare both sides of the inequality; ' +
  'the remaining terms are then controlled by the induction hypothesis, which applies because every index that ' +
  'occurs here is smaller than the one under consideration, so that nothing else has to be shown in this case. ';

/**
 * A proof of so many characters with so many formulas, no two of them equal, in lines of a few: for measuring pages.
 * @param seed another one has other formulas.
 */
export function longProof({
  characters,
  formulas,
  seed,
}: Readonly<Record<'characters' | 'formulas' | 'seed', number>>): string {
  const each = Math.floor(characters / formulas);
  let proof = '';
  for (let made = 0; made < formulas; made += 1) {
    const patterns = made % 3 === 2 ? DISPLAY : INLINE;
    const pattern = patterns[Math.floor(made / 3) % patterns.length] ?? '';
    const formula = pattern.replaceAll('#1', String(seed * 1000 + made)).replaceAll('#2', String((made % 7) + 2));
    const wanted = Math.max(10, (made + 1) * each - proof.length - formula.length - 2);
    const start = (made * 37) % WORDS.length;
    const words = (WORDS + WORDS).slice(start, start + wanted);
    proof += `${words}${made % 3 === 2 ? `\n${formula}\n` : ` ${formula} `}`;
    if (made % 9 === 8) proof += '\n';
  }
  return proof.slice(0, characters);
}
