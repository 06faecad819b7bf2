import type { LapReport } from '../../shared/figures/report.ts';
import { dots, rewardCurve, stacks } from './charts.ts';
import { decimal, duration, percent, readable, sum, value, whole, withInterval } from './format.ts';
import { courseSection } from './courseSection.ts';
import { ledgerCells } from './ledger.ts';
import { html, type Markup } from './markup.ts';
import { INK } from './svg.ts';
import { figure, list, notMeasured, SCORES, phaseTable, plainTable, rewards } from './tables.ts';
import { auditedLabels, peopleWatched, trendText } from './auditSections.ts';

export function labelSection(report: LapReport): Markup {
  const { labels } = report;
  const left = Math.max(0, labels.contested - labels.unresolved - labels.expert);
  const scored = Math.min(labels.expert, labels.contested);
  const part = (name: string, colour: string, proofs: number) => ({ name, colour, values: [proofs] });
  const { errorCorrelation, effectiveAnalyses, auditedPrecision: audited } = labels;
  const worth =
    errorCorrelation !== null && effectiveAnalyses !== null
      ? ` Two analyses of one proof err alike with ρ = ${decimal(errorCorrelation)}: the recipe's n are worth ` +
        `${decimal(effectiveAnalyses)} independent ones.`
      : '';
  const audit = audited
    ? ` Of a blind sample of ${audited.n}, experts gave the same score to ${withInterval(audited)}.`
    : '';
  return html`<h2>Automatic labels</h2>
    <p>
      ${whole(labels.total)} proofs of the final generator: ${whole(labels.auto)} labelled automatically,
      ${whole(labels.contested)} contested (${percent(labels.contestedShare?.value)}), of which experts scored
      ${whole(labels.expert)}. ${decimal(labels.analysesPerProof)} analyses and ${decimal(labels.metaAnalysesPerProof)}
      meta-analyses a proof.${worth}
    </p>
    ${figure(
      stacks(
        'labels',
        'Label counts.',
        [''],
        [
          part('label 0', INK.bad, labels.byScore['0']),
          part('label 0.5', INK.between, labels.byScore['0.5']),
          part('label 1', INK.good, labels.byScore['1']),
          part('contested, scored by experts', INK.muted, scored),
          part('contested, left', INK.quiet, left),
          part('unresolved', INK.before, Math.max(0, labels.contested - scored - left)),
        ],
        whole,
      ),
      html`Precision over all automatic labels: ${withInterval(labels.precision)}, of one and the same label for all:
      ${decimal(labels.constantBaseline?.accuracy)}; of the verifier's first verdicts on all these proofs, right:
      ${withInterval(labels.verdictAccuracy)}.${audit}`,
    )}
    ${auditedLabels(report)} ${trendText(report)}
    ${plainTable(
      ['label', 'proofs', 'precision against truth'],
      SCORES.map((score) => [score, labels.byScore[score], withInterval(labels.precisionByScore[score])]),
    )}
    ${
      Object.keys(labels.contestedReasons).length === 0
        ? null
        : plainTable(
            ['contested because', 'proofs'],
            Object.entries(labels.contestedReasons).sort((a, b) => b[1] - a[1]),
          )
    }`;
}

const ENDED_BY = { saturated: 'saturation', maxSteps: 'step limit', watch: 'a watch' } as const;

export function trainingSection(report: LapReport): Markup {
  const drawn = report.trainings.filter(({ curve }) => curve.length > 0);
  return html`<h2>Trainings</h2>
    <p>
      Mean reward of each step (thin) and of the last five (bold), over optimizer steps. The grey area is the share of
      groups in which all rewards were equal: they teach nothing, and a rising share may mean that a judge is being
      fooled.
    </p>
    <div class="pair">${drawn.map((training) => html`<figure>${rewardCurve(training)}</figure>`)}</div>
    ${courseSection(report.trainings)}
    ${plainTable(
      ['stage', 'steps', 'ended by', 'reward', 'flat groups, last 5 steps', 'unscorable', 'attempts', 'time'],
      report.trainings.map((training) => [
        readable(training.name),
        training.steps,
        ENDED_BY[training.stopReason],
        rewards(training),
        decimal(training.flatGroupShareOfLastFive),
        training.unscorable,
        training.attempts,
        duration(training.trainingSeconds) +
          (training.taken ? `, after ${training.taken.steps} steps of ${training.taken.from}` : '') +
          (training.queuedSeconds ? `, after ${duration(training.queuedSeconds)} in the queue` : ''),
      ]),
    )}
    ${report.trainings.map(
      ({ name, longRows }) =>
        longRows &&
        html`<p>${readable(name)} left out ${longRows.count} rows that are too long: ${longRows.items.join(', ')}.</p>`,
    )}`;
}

const kept = html`One in four rewarded samples is kept with its text; shown are those of the last steps, equal ones
once.`;

/** What was rewarded against what it is worth. */
export function watchSection({ watch: { stages, warnings }, truthBy }: LapReport): Markup {
  const audited = stages.filter(({ audit }) => audit !== null);
  return html`<h2>Reward hacking</h2>
    <p>
      Samples of each training's end, rewarded as they were, and by the same formula with the truth (${truthBy}) in the
      place of labels and judges' verdicts. A measurement only: nothing of it goes back into training.
    </p>
    ${
      warnings.length === 0
        ? html`<p>No sign of it.</p>`
        : list(warnings.map(({ about, text }) => html`<b>${readable(about)}</b>: ${text}.`))
    }
    ${
      audited.length === 0
        ? notMeasured
        : figure(
            dots(
              'audit',
              'Reward of audited samples against what they are worth.',
              [
                { name: 'what they got', colour: INK.before },
                { name: 'what they are worth', colour: INK.after },
              ],
              audited.map(({ stage, audit }) => ({ name: readable(stage), figures: [audit?.b, audit?.a] })),
            ),
            kept,
          )
    }
    ${plainTable(
      [
        'stage',
        'reward, last steps',
        'audited: got',
        'are worth',
        'of',
        'groups without spread',
        'true score, held out',
      ],
      stages.map(({ stage, reward, steps, audit, flatGroupShare, heldOutTrueScore }) => [
        readable(stage),
        `${decimal(reward)} (${steps})`,
        value(audit?.b),
        withInterval(audit?.a),
        audit?.a.n ?? '',
        decimal(flatGroupShare),
        withInterval(heldOutTrueScore),
      ]),
    )}
    ${peopleWatched(stages)}`;
}

export function timeSection(report: LapReport): Markup {
  const { stages, time } = report;
  const inferenceIn = (stage: (typeof stages)[0]) =>
    Math.min(stage.inferenceSeconds, Math.max(0, stage.wallSeconds - stage.trainingSeconds));
  const [head = [], ...rows] = phaseTable(stages, (seconds) => (seconds ? duration(seconds) : ''));
  const total = (key: 'calls' | 'tokens') => whole(sum(stages.map((stage) => stage[key])));
  const thought = sum(stages.map(({ thinkingTokens = 0 }) => thinkingTokens));
  return html`<h2>Time</h2>
    <p>
      ${duration(report.wallSeconds)} in all. Training was under way for ${duration(time.trainingSeconds)}, inference
      beside it or alone for ${duration(time.inferenceSeconds)}; for ${duration(time.neitherSeconds)}
      (${percent(time.neitherShare)}) neither was.
      ${time.queuedSeconds ? `Trainings waited ${duration(time.queuedSeconds)} in queues of their clusters.` : null}
      ${thought > 0 ? `Of the tokens, ${whole(thought)} were thinking, before the answers of sets.` : null}
    </p>
    ${
      stages.length === 0
        ? null
        : figure(
            stacks(
              'time',
              'Seconds of each phase.',
              stages.map(({ name }) => readable(name)),
              [
                {
                  name: 'training',
                  colour: INK.after,
                  values: stages.map(({ trainingSeconds, wallSeconds }) => Math.min(trainingSeconds, wallSeconds)),
                },
                { name: 'inference', colour: INK.between, values: stages.map(inferenceIn) },
                {
                  name: 'neither',
                  colour: INK.quiet,
                  values: stages.map((stage) =>
                    Math.max(0, stage.wallSeconds - stage.trainingSeconds - inferenceIn(stage)),
                  ),
                },
              ],
              duration,
            ),
            html`Wall time of each phase. Evaluations run beside the next training and are counted with the phase
            “evaluation”.`,
          )
    }
    ${plainTable(head, rows, ['', '', '', '', total('calls'), total('tokens')])}`;
}

/** Used and planned, phase by phase. */
export function ledgerSection(report: LapReport): Markup {
  const { titles, phases, all } = ledgerCells(report);
  const tokens = [...report.ledger, report.ledgerTotal].map(({ ratio }) => decimal(ratio?.tokens));
  const rows = [...phases, all].map((cells, index) => [...cells, tokens[index] ?? '']);
  return html`<h2>Used and planned</h2>
    <p>
      Each cell: used / planned before the lap began. Calls and tokens are those on the ledgers and in the reward logs.
    </p>
    ${plainTable(['phase', ...titles, 'ratio of tokens'], rows.slice(0, -1), rows.at(-1))}`;
}
