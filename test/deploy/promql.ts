/** What a PromQL expression reads: metrics, and the labels by which it chooses them. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

const WORDS = new Set([
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'and',
  'or',
  'unless',
  'bool',
  'offset',
]);

/** The selectors of an expression, in order. Good for the expressions of deploy/, not for all that there are. */
export function selectorsOf(expression: string): Selector[] {
  const plain = expression
    // Lists of labels are none of metrics, nor are ranges.
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ');
  const found: Selector[] = [];
  const pattern = /"(?:[^"\\]|\\.)*"|([a-zA-Z_:][\w:]*)\s*(\(|\{(?:[^}"]|"(?:[^"\\]|\\.)*")*\})?/g;
  for (const [, name, after = ''] of plain.matchAll(pattern)) {
    if (name === undefined || after === '(' || WORDS.has(name)) continue;
    const labels = [...after.replace(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)/g)];
    found.push({ metric: name, labels: labels.map(([, label]) => label as string) });
  }
  return found;
}

/** Labels by which an expression adds up. */
export function groupings(expression: string): string[] {
  return [...expression.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
}
