/** `main/lap-0003`, or `lap-0003` for the run main. */
const LAP = /^(?:([a-z0-9][a-z0-9-]{0,40})\/)?(lap-\d{4,})$/;
export const RUN_NAME = /^[a-z0-9][a-z0-9-]{0,40}$/;

/** A lap's full name, `<run>/lap-NNNN`; undefined when the text is no name of a lap. */
export function fullLapName(name: string): string | undefined {
  const [, run = 'main', lap] = LAP.exec(name) ?? [];
  return lap === undefined ? undefined : `${run}/${lap}`;
}

/** @param lap a full name. */
export function runOf(lap: string): string {
  return lap.slice(0, lap.indexOf('/'));
}

/** @param lap a full name. */
export function lapNumber(lap: string): number {
  return Number(lap.slice(lap.lastIndexOf('-') + 1));
}
