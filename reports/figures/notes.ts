/** What a measurement found beside its figures. */
export interface Notes {
  readonly notMeasured: { figure: string; reason: string }[];
  readonly imitations: Record<string, { found: number; of: number }>;
  absent(figure: string, reason: string): null;
}

export function newNotes(): Notes {
  const notMeasured: Notes['notMeasured'] = [];
  return {
    notMeasured,
    imitations: {},
    absent: (figure, reason) => {
      notMeasured.push({ figure, reason });
      return null;
    },
  };
}
