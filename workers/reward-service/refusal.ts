/** A request that cannot be served as it is; its message says what was expected, what came and what to do. */
export class Refusal extends Error {
  /** 429 and 503 are for now alone: the same request is served later. */
  readonly status: 400 | 404 | 409 | 410 | 413 | 422 | 429 | 503;

  constructor(status: Refusal['status'], message: string) {
    super(message);
    this.status = status;
  }
}

/** The first bad fields of a parse, by path. */
export function issuesOf(error: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}): string {
  const shown = error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join('.') || '(whole)'}: ${message}`);
  const more = error.issues.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
