// The pictures of a thread: how each is called, and which ones can be opened large.
import type {
  AttachmentKindView,
  AttachmentView,
  MessageView,
  ThreadItemView,
} from '../../backend/backend';
import { t } from '../../i18n/words.svelte';

export interface Shown {
  readonly attachment: AttachmentView;
  readonly message: MessageView;
}

export function pictureName(message: MessageView, kind: AttachmentKindView, name: string): string {
  if (kind === 'sticker')
    return message.author === 'shop' ? t('media.stickerYours') : t('media.sticker', { name });
  return message.author === 'shop' ? t('media.yours') : t('media.from', { name });
}

/** All pictures that can be opened, oldest first. */
export function picturesOf(items: readonly ThreadItemView[]): Shown[] {
  return items.flatMap((item) =>
    item.kind === 'gap'
      ? []
      : item.message.attachments
          .filter((one) => one.state === 'ready' && one.full !== null)
          .filter((one) => one.kind === 'picture' || one.kind === 'sticker')
          .map((attachment) => ({ attachment, message: item.message })),
  );
}
