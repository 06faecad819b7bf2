import { partsOf, QUESTIONS_PER_PART } from '../../../shared/review/reviewInput.ts';

test.each([251, 500, 17_503, 62_500, 62_501, 5_000_000])(
  '%i questions are asked in at most 250 parts that cover them in order',
  (questions) => {
    const parts = partsOf({ from: 0, to: questions });
    expect(parts.length).toBeLessThanOrEqual(QUESTIONS_PER_PART);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts[0]?.from).toBe(0);
    expect(parts.at(-1)?.to).toBe(questions);
    for (const [index, part] of parts.entries()) {
      expect(part.to).toBeGreaterThan(part.from);
      if (index > 0) expect(part.from).toBe(parts[index - 1]?.to);
    }
  },
);
