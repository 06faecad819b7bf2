/**
 * What is read here of the trees that KaTeX builds, which it calls internal: its version is pinned, and a test holds
 * what is written against its own.
 */
export interface Built {
  toMarkup(): string;
}
interface Styled extends Built {
  readonly classes: readonly string[];
  readonly style: Readonly<Record<string, string | undefined>>;
}
interface Span extends Styled {
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Built[];
}
interface Letter extends Styled {
  readonly text: string;
  /** In em. */
  readonly italic: number;
}
interface MathNode extends Built {
  readonly type: string;
  readonly classes: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Built[];
}

/** The classes of a tree's nodes. */
export interface Kinds {
  readonly Span: { readonly prototype: object };
  readonly SymbolNode: { readonly prototype: object };
}

/**
 * HTML of what KaTeX builds, sign for sign its own, in half the time: a long proof is set while somebody waits for it.
 * Nodes of other kinds than spans, letters and MathML write themselves.
 */
export function serialized(root: Built, { Span, SymbolNode }: Kinds): string {
  const [span, letter] = [Span.prototype, SymbolNode.prototype];
  const html = (node: Built): string => {
    const kind = Object.getPrototypeOf(node) as object;
    if (kind === letter) return letterHtml(node as Letter);
    if (kind === span) return spanHtml(node as Span);
    return isMath(node) ? mathHtml(node) : node.toMarkup();
  };
  const within = (children: readonly Built[]) => {
    let all = '';
    for (const child of children) all += html(child);
    return all;
  };
  const spanHtml = (node: Span): string => {
    const { classes, style, attributes, children } = node;
    const attributesHtml = attributesOf(attributes);
    if (attributesHtml === undefined) return node.toMarkup();
    return `<span${classOf(classes, ' class="')}${styleOf('', style)}${attributesHtml}>${within(children)}</span>`;
  };
  const mathHtml = (node: MathNode): string => {
    const { type, classes, attributes, children } = node;
    const attributesHtml = attributesOf(attributes);
    if (attributesHtml === undefined) return node.toMarkup();
    return `<${type}${attributesHtml}${classOf(classes, ' class ="')}>${within(children)}</${type}>`;
  };
  return html(root);
}

function letterHtml({ text, italic, classes, style }: Letter): string {
  const margin = italic > 0 ? `margin-right:${Number(italic.toFixed(4))}em;` : '';
  const attributes = classOf(classes, ' class="') + styleOf(margin, style);
  return attributes === '' ? escaped(text) : `<span${attributes}>${escaped(text)}</span>`;
}

const isMath = (node: Built): node is MathNode => 'type' in node && 'attributes' in node && 'children' in node;

function classOf(classes: readonly string[], opening: string): string {
  return classes.length === 0 ? '' : `${opening}${escaped(classes.filter(Boolean).join(' '))}"`;
}

function styleOf(first: string, style: Styled['style']): string {
  let all = first;
  for (const key of Object.keys(style)) {
    const value = style[key];
    if (value !== undefined) all += `${hyphenated(key)}:${value};`;
  }
  return all === '' ? '' : ` style="${escaped(all)}"`;
}

/** Undefined where a name is another than attributes usually have. */
function attributesOf(attributes: Readonly<Record<string, string>>): string | undefined {
  let all = '';
  for (const name of Object.keys(attributes)) {
    if (!/^[a-z-]+$/i.test(name)) return undefined;
    all += ` ${name}="${escaped(String(attributes[name]))}"`;
  }
  return all;
}

const names = new Map<string, string>();
function hyphenated(name: string): string {
  const known = names.get(name) ?? name.replaceAll(/[A-Z]/g, '-$&').toLowerCase();
  names.set(name, known);
  return known;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
};
const SPECIAL = /[&<>"']/;

/** Most of it has nothing to escape. */
const escaped = (text: string): string =>
  SPECIAL.test(text) ? text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign) : text;
