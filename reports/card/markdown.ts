/** @param head the first row. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text) => oneLine(text).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

export const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

export const code = (text: string): string => `\`${text}\``;
