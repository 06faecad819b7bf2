import { placeOf, setIdOf } from '../shared/ids.ts';
import { trainingsOf, type LapManifest } from '../shared/lap/manifest.ts';
import { ordersOf } from '../shared/lap/phases.ts';

/** What a lap's recipe declares, and what its manifest says that it made; a line for each order. */
export function declaredAndMade(manifest: LapManifest) {
  const { lap, sets, reviews, labels, evaluation } = manifest;
  const orders = ordersOf(manifest).flatMap(({ phase, orders: own }) =>
    own.map((order) => {
      const id = order.kind === 'train' ? placeOf(lap, order.name) : setIdOf(placeOf(lap, phase), order.name);
      const what = order.kind === 'sample' ? `${order.kind} ${phase} ${order.task}` : order.kind;
      return { line: `${what} ${id}`, ifAny: order.kind !== 'train' && order.ifAny === true };
    }),
  );
  const made = [
    ...sets.map(({ setId, phase, task }) =>
      setId === labels.set.setId ? `label ${setId}` : `sample ${phase} ${task} ${setId}`,
    ),
    ...(evaluation.testTime ?? []).map(({ place }) => `solve ${place}`),
    ...reviews.map(({ setId }) => `review ${setId}`),
    ...trainingsOf(manifest).map(({ jobKey }) => `train ${jobKey}`),
  ];
  return { orders, made };
}

/** The sets, reviews and trainings of a lap are those that it declares, but for what had nothing to be asked about. */
export function expectDeclared(manifest: LapManifest): void {
  const { orders, made } = declaredAndMade(manifest);
  const expected = orders.filter(({ line, ifAny }) => !ifAny || made.includes(line)).map(({ line }) => line);
  expect([...made].sort()).toEqual(expected.sort());
  expect(manifest.phases.map(({ name }) => name)).toEqual(ordersOf(manifest).map(({ phase }) => phase));
}
