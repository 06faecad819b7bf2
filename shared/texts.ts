/**
 * Why no model can be asked about a text: half of a surrogate pair is no character that a tokenizer takes, and NUL ends
 * a text for many a program. Undefined where one can.
 */
export function refusalOfText(text: string): string | undefined {
  const [bad] = /[\p{Cs}\0]/u.exec(text) ?? [];
  if (bad === undefined) return undefined;
  const where = `at character ${text.indexOf(bad) + 1}`;
  return bad === '\0'
    ? `expected text, got NUL (\\u0000) ${where}: take it out`
    : `expected whole characters, got half of one (\\u${bad.charCodeAt(0).toString(16)}) ${where}: the text was cut ` +
        'in the middle of it; put in the other half, or take this one out';
}

/** The beginning of a text, `most` characters, for a message: what could not be seen in it is spelt out. */
export function visible(text: string, most = 60): string {
  return text
    .slice(0, most)
    .replace(/(?! )[\p{C}\p{Z}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** The beginning of a text in quotes, on one line, `most` characters of it. */
export function quoted(text: string, most = 200): string {
  return JSON.stringify(text.length > most ? `${text.slice(0, most)}…` : text);
}
