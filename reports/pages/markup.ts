/** HTML that may be put into a page as it is. Only `html` and `rawMarkup` make it. */
export interface Markup {
  readonly markup: string;
}

type Content = Markup | string | number | null | undefined | readonly Content[];

/**
 * A template whose values are escaped, each one: a report quotes texts of models in training, which try everything.
 * Markup nests, arrays are joined, null and undefined are nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return { markup: strings.map((part, index) => part + (index < values.length ? render(values[index]) : '')).join('') };
}

/** For markup that this project made itself, such as a chart. */
export const rawMarkup = (markup: string): Markup => ({ markup });

function render(value: Content): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string' || typeof value === 'number') return escape(String(value));
  if (isMarkup(value)) return value.markup;
  return value.map(render).join('');
}

function isMarkup(value: Markup | readonly Content[]): value is Markup {
  return !Array.isArray(value);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Also makes control characters visible, which an HTML file must not hold. */
export function escape(text: string): string {
  return (
    text
      .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char)
      // oxlint-disable-next-line no-control-regex -- these are what is meant
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '\ufffd')
  );
}
