import type { Notice } from '../../shared/lap/notices.ts';
import { uri } from '../../shared/ids.ts';
import { countNotice } from '../metrics/people.ts';
import { ReviewLog } from '../reviews/log.ts';
import { SubjectRows } from '../reviews/subjectRows.ts';
import { standingOf } from '../../shared/review/late.ts';
import type { ArtifactStore } from '../store/types.ts';
import { noticeText } from './text.ts';
import { post, type Webhook } from './webhook.ts';

interface NoticeServices {
  readonly store: ArtifactStore;
  /** Undefined where nobody wants to be told. */
  readonly webhook: Webhook | undefined;
  /** Where a person goes on from a notice; undefined where no such page is known. */
  readonly linkOf: (notice: Notice) => string | undefined;
}

export type NoticeActivities = ReturnType<typeof createNoticeActivities>;

export function createNoticeActivities({ store, webhook, linkOf }: NoticeServices) {
  return {
    /**
     * Posts a notice; again after a failure with the same id and body. A deadline that went by with nothing open is
     * nothing to tell.
     * @param of `at`: when it came to be, ISO 8601.
     */
    async postNotice(notice: Notice, { id, at }: { readonly id: string; readonly at: string }) {
      countNotice(notice.event);
      if (webhook === undefined) return { sent: false };
      const open = notice.event === 'questions.overdue' ? await openIn(store, notice) : undefined;
      if (open === 0) return { sent: false };
      await post(webhook, id, JSON.stringify(bodyOf(notice, at, { open, link: linkOf(notice) })));
      return { sent: true };
    },
  };
}

/** `text` is what Slack and its like show. */
function bodyOf(
  notice: Notice,
  at: string,
  { open, link }: { readonly open: number | undefined; readonly link: string | undefined },
): object {
  const { event: type, about, ...said } = notice;
  const { subject: _, ...counts } = 'subject' in said ? said : { ...said, subject: undefined };
  const text = noticeText(notice, open) + (link === undefined ? '' : ` → ${link}`);
  return { type, at, text, link, about, ...counts, open };
}

/** Questions of a set that people have not brought to a result: at their deadline some are closed without one. */
async function openIn(
  store: ArtifactStore,
  { about, subject }: Extract<Notice, { event: 'questions.overdue' }>,
): Promise<number> {
  const log = new ReviewLog(store);
  let open = 0;
  for (const id of await new SubjectRows(store).ids(subject)) {
    const isAnswered = (await store.stat(uri.reviewLog(about, id))) !== undefined;
    const { result } = isAnswered ? standingOf(await log.read(about, id)) : {};
    if (result === undefined || result.kind === 'expired') open += 1;
  }
  return open;
}
