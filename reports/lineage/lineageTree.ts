import { inspect } from 'node:util';
import { idOf, type Lineage, type LineageNode } from '../../shared/figures/lineage.ts';
import { lapOf } from '../../shared/ids.ts';
import { whole } from '../pages/format.ts';

/**
 * The lineage as a tree for a terminal: each thing with what it is made of below it; what stands above already is only
 * named.
 */
export function lineageTree({ subject, nodes, chain, firstScore }: Lineage): string {
  const left = new Map(nodes.map((node) => [node.id, node]));
  const lines: string[] = [];
  const show = (id: string, name: string, below: string): void => {
    const node = left.get(id);
    left.delete(id);
    const short = id.replace(/([0-9a-f]{16})[0-9a-f]{48}/, '$1…');
    lines.push(name + short + (node === undefined ? '  (above)' : factsOf(node)));
    const { from = [], facts = {} } = node ?? {};
    for (const step of (facts['trail'] ?? []) as object[]) lines.push(`${below}│ ${line(step)}`);
    for (const [index, child] of from.entries()) {
      const [branch, inner] = index === from.length - 1 ? ['└─ ', '   '] : ['├─ ', '│  '];
      show(idOf(child), `${below}${branch}${child.as}: `, below + inner);
    }
  };
  show(subject, '', '');
  const checks = nodes.reduce((sum, { verified }) => sum + verified.length, 0);
  return [
    ...lines,
    '',
    chain.length === 0
      ? 'It is of no finished lap.'
      : `Chain: ${chain.map(({ uri }) => lapOf(uri)).join(' → ')}, each as its child went on from it.`,
    firstScore === null
      ? 'No score of a person is in it.'
      : `First score: ${firstScore.score} by ${firstScore.annotator} (${firstScore.source}) at ${firstScore.at}, ` +
        `question ${firstScore.question} of ${firstScore.review}.`,
    `${whole(nodes.length)} things, ${whole(checks)} checks, no broken link.`,
  ].join('\n');
}

function factsOf({ kind, by, facts, verified }: LineageNode): string {
  const { sha256: _, trail: __, first: ___, ...rest } = facts;
  const isMade = ['lap', 'checkpoint', 'dataset', 'set'].includes(kind);
  const maker = by ?? (isMade && 'a step that did not say what it read: the walk ends here');
  const told = line(rest);
  return (
    (maker ? `, by ${maker}` : '') + (told === '{}' ? '' : `  ${told}`) + verified.map((what) => `  ✓ ${what}`).join('')
  );
}

const line = (facts: object): string => inspect(facts, { depth: null, breakLength: Infinity });
