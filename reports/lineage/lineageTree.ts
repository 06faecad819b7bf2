import type { Lineage, LineageNode } from '../../shared/figures/lineage.ts';
import { decimal, whole } from '../pages/format.ts';

/**
 * The lineage as a tree for a terminal: each thing with what it is made of below it; what stands above already is only
 * named.
 */
export function lineageTree({ subject, nodes, chain, firstScore }: Lineage): string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const shown = new Set<string>();
  const lines: string[] = [];
  const show = (id: string, as: string, indent: string, branch: string, below: string): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const again = shown.has(id);
    shown.add(id);
    const name = `${as === '' ? '' : `${as}: `}${title(node)}`;
    lines.push(`${indent}${branch}${name}${again && node.from.length > 0 ? '  (above)' : ''}`);
    if (again) return;
    const inner = indent + below;
    const children = node.from;
    for (const fact of [...factLines(node), ...(node.verified.length > 0 ? [`✓ ${node.verified.join('; ')}`] : [])])
      lines.push(`${inner}${children.length > 0 ? '│ ' : '  '}${fact}`);
    for (const [index, child] of children.entries()) {
      const last = index === children.length - 1;
      show(child.id, child.as, inner, last ? '└─ ' : '├─ ', last ? '   ' : '│  ');
    }
  };
  show(subject, '', '', '', '');
  const checks = nodes.reduce((sum, { verified }) => sum + verified.length, 0);
  return [
    ...lines,
    '',
    `Chain: ${chain.map(({ lap }) => lap).join(' → ')}, each manifest with the sha256 that its child went on from.`,
    firstScore === null
      ? 'No score of a person is in it.'
      : `First score: ${firstScore.score} by ${firstScore.annotator} (${firstScore.source}) at ${firstScore.at}, ` +
        `question ${firstScore.question} of ${firstScore.review}.`,
    `${whole(nodes.length)} things, ${whole(checks)} checks, no broken link.`,
  ].join('\n');
}

function title({ id, kind, lap, facts }: LineageNode): string {
  if (kind === 'checkpoint')
    return `checkpoint ${String(facts['sha256']).slice(0, 16)}…${facts['base'] === true ? ', the base' : ''}`;
  if (kind === 'dataset') return `${id} (${whole(Number(facts['rows']))} rows, ${String(facts['is'])})`;
  return (
    `${kind} ` +
    (kind === 'set' || kind === 'review' ? id.slice(id.indexOf('/') + 1) : id) +
    (kind === 'proof' ? ` of ${lap}` : '')
  );
}

/** What is worth a line, by kind. */
function factLines({ kind, facts }: LineageNode): string[] {
  switch (kind) {
    case 'training': {
      const reward = facts['reward'] as { first: number; last: number } | undefined;
      return [
        `${String(facts['stage'])}, ${String(facts['steps'])} ` +
          `steps${reward ? `, reward ${decimal(reward.first)} → ${decimal(reward.last)}` : ''}, made ` +
          `${String(facts['checkpoint']).slice(0, 16)}…`,
      ];
    }
    case 'dataset':
      return [
        ...(facts['bySource'] ? [`scores by ${counts(facts['bySource'])}; from ${counts(facts['byLap'])}`] : []),
        ...(facts['seed'] === undefined ? [] : [`${flat(facts['source'])}, seed ${flat(facts['seed'])}`]),
      ];
    case 'set':
      return [
        ...(facts['counts'] ? [counts(facts['counts'])] : []),
        ...(facts['labels'] ? [`labels: ${counts(facts['labels'])}`] : []),
      ];
    case 'review':
      return [
        `${String(facts['scored'])} scored, ${String(facts['flagged'])} flagged, ${String(facts['expired'])} ` +
          `expired; ${String(facts['verdicts'])} verdicts by ` +
          ((facts['annotators'] as string[]).join(', ') || 'nobody'),
      ];
    case 'proof':
      return Object.entries(facts).flatMap(([name, fact]) =>
        Array.isArray(fact) && name !== 'order'
          ? fact.map((each) => `${name}: ${flat(each)}`)
          : [`${name}: ${flat(fact)}`],
      );
    case 'lap':
    case 'checkpoint':
      return [];
    default:
      return kind satisfies never;
  }
}

const counts = (of: unknown): string =>
  Object.entries(of as Record<string, number>)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${whole(count)} ${name}`)
    .join(', ') || 'none';

function flat(fact: unknown): string {
  if (Array.isArray(fact)) return fact.map(flat).join(' ');
  if (typeof fact === 'object' && fact !== null)
    return Object.entries(fact)
      .map(
        ([name, value]) =>
          `${name} ` +
          (typeof value === 'object' && value !== null && !Array.isArray(value) ? `{${flat(value)}}` : flat(value)),
      )
      .join(', ');
  return String(fact);
}
