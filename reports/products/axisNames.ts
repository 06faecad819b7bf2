import type { CustomSeriesRenderItem } from 'echarts';
import { INK, placeOf } from '../pages/svg.ts';

/** Whole numbers under an axis, whose own ticks are none. */
export const axisNames: CustomSeriesRenderItem = (_, api) => {
  const at = Number(api.value(0));
  const [x, y] = placeOf(api, at, 0);
  return { type: 'text', style: { x, y: y + 7, text: String(at), textAlign: 'center', fill: INK.muted, fontSize: 11 } };
};
