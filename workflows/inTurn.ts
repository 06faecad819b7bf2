import type { Priority } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';
import type { OpenedLap } from '../activities/laps/open.ts';
import { runOf } from '../shared/ids.ts';
import { priorityOf } from '../shared/sampling/share.ts';

/** The part that children of this workflow have of the workers; all below them inherit it. @param owner whose it is. */
export const inTurn = (owner: string): Priority => priorityOf(owner, {}, workflowInfo().priority);

/** The part of a lap's children, as its recipe says. */
export const inTurnOf = ({ lap, recipe }: Pick<OpenedLap, 'lap' | 'recipe'>): Priority =>
  priorityOf(runOf(lap), recipe.share, workflowInfo().priority);
